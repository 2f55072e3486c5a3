import Foundation
import GoldenKit
import SluiceStore
import Testing

/// `dead-letters` in the data directory of a service that does not run.
@Suite struct DeadLetterVerbTests {
    private static let time: Int64 = 1_795_269_600_000_000_000

    /// A folder with a configuration, a rule and three letters.
    private func prepared() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let configuration = "data_dir: data\ninputs: { in: { type: stdin } }\nrules: [route.lua]\noutputs: { out: { type: stdout } }\n"
        try Data(configuration.utf8).write(to: folder.appending(path: "sluice.yaml"))
        try Data("function process(event)\n  event.b = event.a:upper()\nend\n".utf8).write(to: folder.appending(path: "route.lua"))
        let store = try Store(folder: folder.appending(path: "data").path)
        let letters = [
            DeadLetter(
                time: Self.time, rule: "route.lua", line: 2, input: "in", generation: 7, error: "`event.a` is absent\u{1B}[31m",
                traceback: ["route.lua:2: in function `process`"], also: ["oncall"], event: Array("{\"message\":\"x\"}".utf8),
                raw: Array("<13>x".utf8), packed: []),
            DeadLetter(
                time: Self.time + 1_000_000, output: "out", input: "in", generation: 7, error: "too large", event: Array("{}".utf8),
                raw: [0xFF, 0x00], packed: []),
            DeadLetter(
                time: Self.time + 2_000_000, input: "in", generation: 0, error: "frame refused", event: Array("null".utf8), raw: nil,
                packed: []),
        ]
        #expect(try store.write(Checkpoint(letters: letters)) == .written(lettersDropped: 0))
        try store.close()
        return folder
    }

    private func run(_ arguments: String, in folder: URL) throws -> (status: Int32, stdout: String, stderr: String) {
        let run = try ProgramRun(ProgramRun.program(named: "sluice"), "dead-letters \(arguments)", in: folder)
        func text(_ name: String) -> String { String(decoding: run.files[name] ?? Data(), as: UTF8.self) }
        return (run.status, text("stdout"), text("stderr"))
    }

    @Test func `a list has a line for each letter, and no control characters`() throws {
        let folder = try prepared()
        defer { try? FileManager.default.removeItem(at: folder) }
        let all = """
                 1  2026-11-21T14:00:00.000Z  route.lua:2: `event.a` is absent\\x1b[31m
                 2  2026-11-21T14:00:00.001Z  output `out`: too large
                 3  2026-11-21T14:00:00.002Z  input `in`: frame refused

            """
        #expect(try run("list", in: folder) == (0, all, ""))
        #expect(
            try run("list --output out", in: folder) == (0, "     2  2026-11-21T14:00:00.001Z  output `out`: too large\n", ""))
        #expect(try run("list --rule none.lua", in: folder) == (0, "", ""))
    }

    @Test func `as JSON each letter is one object with the promised keys`() throws {
        let folder = try prepared()
        defer { try? FileManager.default.removeItem(at: folder) }
        let lines = """
            {"id":1,"time":"2026-11-21T14:00:00.000Z","rule":"route.lua","line":2,"error":"`event.a` is absent\\u001b[31m","generation":7,\
            "event":{"message":"x"},"raw":"<13>x","input":"in","output":null,"traceback":["route.lua:2: in function `process`"]}
            {"id":2,"time":"2026-11-21T14:00:00.001Z","rule":null,"line":null,"error":"too large","generation":7,\
            "event":{},"raw_b64":"/wA=","input":"in","output":"out"}
            {"id":3,"time":"2026-11-21T14:00:00.002Z","rule":null,"line":null,"error":"frame refused","generation":0,\
            "event":null,"raw":null,"input":"in","output":null}

            """
        #expect(try run("list --format json", in: folder) == (0, lines, ""))
    }

    @Test func `show tells everything, with the rule's line as it is now`() throws {
        let folder = try prepared()
        defer { try? FileManager.default.removeItem(at: folder) }
        let text = """
            id          1
            time        2026-11-21T14:00:00.000Z
            input       in
            failed      route.lua:2
            generation  7
            error       `event.a` is absent\\x1b[31m
            line         2 |   event.b = event.a:upper()
            traceback   route.lua:2: in function `process`
            also        oncall
            event       {"message":"x"}
            raw         <13>x

            """
        #expect(try run("show 1", in: folder) == (0, text, ""))
        let missing = try run("show 99 1", in: folder)
        #expect(missing == (1, text, "sluice: no dead letter has the id 99\n"))
    }

    @Test func `purging needs no service, and redriving does`() throws {
        let folder = try prepared()
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try run("purge --before 2026-11-21T14:00:00.001Z", in: folder) == (0, "1 dead letter purged\n", ""))
        #expect(try run("purge 2 99", in: folder) == (1, "no dead letter has the id 99\n1 dead letter purged\n", ""))
        #expect(try run("purge --all --format json", in: folder) == (0, "{\"purged\":3,\"unknown\":[]}\n", ""))
        #expect(
            try run("redrive --all", in: folder)
                == (69, "", "sluice: the service is not running: no socket at `data/control.sock`\n"))
    }
}
