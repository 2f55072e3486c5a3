import Foundation
import GoldenKit
import Testing

/// `sluice test --watch` as a person uses it: saves a file and looks.
@Suite struct TestWatchTests {
    /// A running watch whose two streams are read together.
    private final class Watch {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-watch-\(UUID().uuidString)")
        let process = Process()
        private let pipe = Pipe()
        private var seen = ""

        init(_ files: [String: String], _ arguments: [String]) throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (name, text) in files { try save(name, text) }
            process.executableURL = ProgramRun.program(named: "sluice")
            process.arguments = ["test", "--watch", "--no-times"] + arguments
            process.currentDirectoryURL = folder
            process.standardOutput = pipe
            process.standardError = pipe
            try process.run()
        }

        /// Puts a new file in the place of the old one, as editors do.
        func save(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: folder.appending(path: name), options: .atomic)
        }

        /// What was written up to the next time that it waits for changes.
        func nextPass() -> String {
            while !seen.contains("interrupt to end\n") {
                let bytes = pipe.fileHandleForReading.availableData
                if bytes.isEmpty { break }
                seen += String(decoding: bytes, as: UTF8.self)
            }
            defer { seen = "" }
            return seen
        }

        func end() -> Int32 {
            process.interrupt()
            process.waitUntilExit()
            try? FileManager.default.removeItem(at: folder)
            return process.terminationStatus
        }
    }

    private static let files = [
        "a.lua": "local word = require 'word'\nfunction process(event) return word end", "word.lua": "return 'one'",
        "a_test.lua": "test('a', function() expect(run('x')).routed_to('one') end)", "b.lua": "function process() return drop end",
        "b_test.lua": "test('b', function() expect(run('x')).dropped() end)",
    ]
    private static let line = "\n" + String(repeating: "-", count: 60) + "\n"
    private static let waiting = "sluice: watching 1 folder; interrupt to end\n"

    @Test func `a change of a module runs the tests of the rule that requires it, and only those`() throws {
        let watch = try Watch(Self.files, [])
        #expect(
            watch.nextPass() == "ok   a_test.lua (1 test)\nok   b_test.lua (1 test)\n2 tests passed\n" + Self.waiting)
        try watch.save("word.lua", "return 'two'")
        let failed = watch.nextPass()
        #expect(failed.hasPrefix(Self.line + "FAIL a_test.lua (1 of 1 test)\n"), "\(failed)")
        #expect(failed.hasSuffix("0 tests passed, 1 failed\n" + Self.waiting), "\(failed)")
        try watch.save("b.lua", "function process() end -- broken\nfunction process() return drop end")
        #expect(watch.nextPass() == Self.line + "ok   b_test.lua (1 test)\n1 test passed\n" + Self.waiting)
        try watch.save("word.lua", "return 'one'")
        #expect(watch.nextPass() == Self.line + "ok   a_test.lua (1 test)\n1 test passed\n" + Self.waiting)
        #expect(watch.end() == 0)
    }

    @Test func `a new file of tests is found, and a failure is the status at the end`() throws {
        let watch = try Watch(Self.files, [])
        _ = watch.nextPass()
        try watch.save("c_test.lua", "test('c', function() error('c') end)")
        #expect(watch.nextPass().contains("FAIL c_test.lua (1 of 1 test)"))
        #expect(watch.end() == 1)
    }
}
