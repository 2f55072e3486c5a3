import Foundation
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceFraming
import SluiceOutputs
import Testing

@testable import SluiceEngine
@testable import SluiceInputs

/// What an input may acknowledge to its sender, and when.
@Suite struct ConfirmationTests {
    /// Sends one line at a time and waits for its confirmation.
    private final class AskingInput: Input {
        let lines: [String]
        let output: String
        let answers = Monitor<[Answer]>([])

        /// What was said of a line, and what the output's file held at that moment.
        struct Answer: Sendable, Equatable {
            let isConfirmed: Bool
            let written: String
        }

        init(_ lines: [String], output: String) {
            self.lines = lines
            self.output = output
        }

        func run(_ session: any InputSession) throws(InputError) {
            guard let setting = try? DecodingSetting(DecodingSetting.Texts(), zone: .utc, framingOptions: .init()) else { return }
            var decoder = StreamDecoder(SharedDecoding(setting))
            for (index, line) in lines.enumerated() {
                guard !session.stop.isSet, let box = session.takeBatch() else { return }
                _ = Array((line + "\n").utf8).withUnsafeBytes { box.events.append($0) }
                _ = decoder.decode(box.events, from: 0, isFinal: false, session: session)
                session.send(box, stream: 0, bytes: line.utf8.count + 1, positions: [])
                session.whenConfirmed { [self] isConfirmed in
                    let written = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
                    answers.notify { $0.append(Answer(isConfirmed: isConfirmed, written: written)) }
                }
                while !session.stop.isSet, answers.withLock({ $0.count }) <= index { _ = session.stop.wait(nanoseconds: 1_000_000) }
            }
        }
    }

    private struct Plan: InputPlan {
        let input: AskingInput

        func makeInput() -> any Input { input }
    }

    private let fixture: ServiceFixture
    private let input: AskingInput

    init() throws {
        fixture = try ServiceFixture(
            "", rules: ["rule.lua": "function process(event) if event.message == \"bad\" then error(\"no\") end end\n"])
        input = AskingInput(["one", "bad", "two"], output: fixture.folder.path + "/a.log")
    }

    private func service(_ outputs: String) throws -> Service {
        let input = input
        let asking = InputCatalogue.Entry(
            kind: "asking", summary: "asks", promise: "none", options: [], example: "{ type: asking }",
            make: { (_, _) throws(ConfigError) in Plan(input: input) })
        let text = """
            data_dir: data
            inputs: { lines: { type: asking } }
            rules: [rule.lua]
            reload: { watch: false }
            shutdown_timeout: 500ms
            outputs: \(outputs)
            """
        try fixture.write("sluice.yaml", text)
        let file = fixture.folder.path + "/sluice.yaml"
        let configuration = try ServiceConfiguration.read(
            Array(text.utf8), file: file, catalogues: ComponentCatalogues(inputs: [asking], outputs: OutputCatalogue.entries),
            reading: ConfigReading(folder: fixture.folder.path) { _ in nil })
        return try Service(try ServiceStart(configuration, around: fixture.surroundings), around: fixture.surroundings)
    }

    @Test func `a confirmation comes when the event is written, or kept as a dead letter`() throws {
        let service = try service("{ a: { type: file, path: a.log, encoding: raw } }")
        service.start()
        let answers: [AskingInput.Answer]? = input.answers.wait(until: MonotonicClock.now + 20_000_000_000) { $0.count == 3 ? $0 : nil }
        #expect(service.stop())
        #expect(answers?.map(\.isConfirmed) == [true, true, true])
        #expect(answers?.map(\.written) == ["one\n", "one\n", "one\ntwo\n"])
    }

    @Test func `what no output has taken is never confirmed`() throws {
        // The path names a folder that cannot be made: below a file.
        try fixture.write("blocked", "")
        let service = try service("{ a: { type: file, path: blocked/a.log, encoding: raw, retry: { initial: 10ms, max: 10ms } } }")
        service.start()
        let answers: [AskingInput.Answer]? = input.answers.wait(until: MonotonicClock.now + 500_000_000) { $0.isEmpty ? nil : $0 }
        #expect(answers == nil)
        service.stop()
        #expect(input.answers.withLock { $0.map(\.isConfirmed) } == [false])
    }
}
