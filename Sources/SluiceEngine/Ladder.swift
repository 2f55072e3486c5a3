import CSluice
package import SluiceComponent
import SluiceEncoding
import SluiceEvent
import SluiceFraming
import SluiceInputs
import SluiceOutputs
package import SluiceRules

/// The throughput ladder: the same input through one stage more each time, so that a difference is what a stage costs.
package struct Ladder {
    /// How far a run goes.
    package enum Rung: String, CaseIterable, Sendable {
        case read, frame, decode, emptyRule = "empty rule", typicalRule = "typical rule", encode, write
    }

    /// What one rung took.
    package struct Step: Sendable {
        package let rung: Rung
        /// CPU time of the thread, user and system, of the fastest run.
        package let cpuNanoseconds: Int64
        package let events: Int
        package let bytes: Int
    }

    private let path: String
    private let output: String
    private let makeDecoder: () throws -> any Decoder
    private let makeLane: (_ isTypical: Bool) throws -> RuleLane

    /// A ladder over a file; `output` is a file that the last rung overwrites.
    package init(
        path: String, output: String, makeDecoder: @escaping () throws -> any Decoder,
        makeLane: @escaping (_ isTypical: Bool) throws -> RuleLane
    ) {
        self.path = path
        self.output = output
        self.makeDecoder = makeDecoder
        self.makeLane = makeLane
    }

    /// Runs every rung `repeats` times, in turn, so that a slow moment hits all of them.
    package func climb(repeats: Int) throws -> [Step] {
        var best: [Step?] = Rung.allCases.map { _ in nil }
        for _ in 0..<repeats {
            for (index, rung) in Rung.allCases.enumerated() {
                let step = try run(rung)
                if let known = best[index], known.cpuNanoseconds <= step.cpuNanoseconds { continue }
                best[index] = step
            }
        }
        return best.compactMap { $0 }
    }

    private func run(_ rung: Rung) throws -> Step {
        if rung == .read { return try readOnly() }
        var stage = InputStage(try FileReader(path: path), framer: NewlineFramer())
        var decoder = try makeDecoder()
        let lane = try makeLane(rung != .emptyRule)
        var encoder: any Encoder = JSONEventEncoder()
        var writer = try FileWriter(path: rung == .write ? output : "/dev/null")
        let buffer = UnsafeMutablePointer<sl_buffer>.allocate(capacity: 1)
        buffer.initialize(to: sl_buffer())
        defer {
            sl_buffer_destroy(buffer)
            buffer.deallocate()
        }
        let batch = EventBatch()
        var router = Router(defaultOutputs: 1, rules: lane.rules.count)
        let reach = Rung.allCases.firstIndex(of: rung)!
        var frames = 0
        let started = CPUTime.nanoseconds
        while true {
            batch.clear()
            let filled = try stage.fill(batch)
            frames += filled.frames.count
            if reach >= 2 { _ = decoder.decode(filled.frames, received: 0, into: batch) }
            if reach >= 3 { lane.run(batch) { _, _ in } }
            if reach >= 5, router.route(batch) != 0 {
                _ = encoder.encode(batch: UnsafePointer(batch.raw), bit: ~0, to: buffer)
                if reach >= 6 { try writer.write(buffer) }
                buffer.pointee.length = 0
            }
            if filled.isEnd { break }
        }
        let spent = CPUTime.nanoseconds - started
        return Step(rung: rung, cpuNanoseconds: spent, events: frames, bytes: stage.bytesRead)
    }

    private func readOnly() throws -> Step {
        var reader = try FileReader(path: path)
        let batch = EventBatch()
        let started = CPUTime.nanoseconds
        while true {
            batch.clear()
            if case .ended = try reader.read(into: batch) { break }
        }
        return Step(rung: .read, cpuNanoseconds: CPUTime.nanoseconds - started, events: 0, bytes: reader.bytesRead)
    }
}
