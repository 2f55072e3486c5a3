import CSluice
import Foundation
import SluiceEvent

@testable import SluiceRules

/// A living lane whose rules are changed, and a folder for what they read.
final class GenerationFixture {
    let lane: LaneFixture
    let folder: URL
    private var number = 1
    private(set) var generation: RuleGeneration

    /// A lane with rules `(name, code)`.
    init(_ rules: [(String, String)], states: [RuleState] = [], limits: RuleLimits = RuleLimits()) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "generation-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        generation = try Self.check(1, rules, folder)
        lane = try LaneFixture(generation: generation, states: states, limits: limits)
        lane.lane.setClock(0, followsData: false)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private static func check(
        _ number: Int, _ rules: [(String, String)], _ folder: URL, outputs: [String] = ["stdout", "a", "b"],
        inputs: [String] = ["in"], after: RuleGeneration? = nil
    ) throws -> RuleGeneration {
        let sources = rules.map { RuleSource(name: $0.0, folder: folder.path, text: Array($0.1.utf8)) }
        return try RuleGeneration.check(
            number: number, rules: sources, outputs: outputs, inputs: inputs, context: HostContext(), after: after)
    }

    /// A further generation of these rules that was found good.
    func check(
        _ rules: [(String, String)], outputs: [String] = ["stdout", "a", "b"], inputs: [String] = ["in"]
    ) throws -> RuleGeneration {
        number += 1
        generation = try Self.check(number, rules, folder, outputs: outputs, inputs: inputs, after: generation)
        return generation
    }

    /// Checks, stages and commits.
    func adopt(_ rules: [(String, String)]) throws {
        let next = try check(rules)
        try lane.lane.stage(next)
        try lane.lane.commit()
    }

    /// Runs one event and shows what became of it.
    func run(_ line: String = "{}", source: UInt32 = 0) -> String {
        lane.batch.clear()
        lane.add(json: line)
        lane.batch.raw.pointee.events[0].source = source
        return lane.runJSON().joined(separator: "\n")
    }

    /// Moves the clock and answers what the timers emitted.
    func timers(at seconds: Int64) -> [String] {
        lane.batch.clear()
        lane.lane.advanceClock(seconds * 1_000_000_000)
        lane.lane.runTimers(lane.batch) { failure, _ in lane.failures.append(failure) }
        return lane.encoded()
    }

    /// Writes a file that rules read.
    func write(_ text: String, _ name: String) throws {
        let path = folder.path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
}
