import Foundation
import GoldenKit
import Testing

/// The configuration that the package installs, as `sluice check` sees it.
@Suite struct PackagedConfigurationTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "packaging", directoryHint: .isDirectory)

    @Test func `it passes the check, the tests of its rule included`() throws {
        let run = try ProgramRun(ProgramRun.program(named: "sluice"), "check -c sluice.yaml", in: Self.folder)
        #expect(run.status == 0)
        #expect(
            run.files.mapValues { String(decoding: $0, as: UTF8.self) }
                == ["stdout": "sluice.yaml: 1 input, 1 rule with 3 tests, 1 output checked: no problem found\n"])
    }

    @Test func `what it offers in comments passes as well`() throws {
        let copy = FileManager.default.temporaryDirectory.appending(path: "sluice-packaging-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: copy) }
        try FileManager.default.copyItem(at: Self.folder, to: copy)
        let file = copy.appending(path: "sluice.yaml")
        let text = try String(contentsOf: file, encoding: .utf8).replacing(/(?m)^( *)# (( *)[a-z_]+:( .*)?)$/) { "\($0.1)\($0.2)" }
        try text.write(to: file, atomically: true, encoding: .utf8)
        let run = try ProgramRun(ProgramRun.program(named: "sluice"), "check -c sluice.yaml", in: copy)
        #expect(
            run.files.mapValues { String(decoding: $0, as: UTF8.self) }
                == ["stdout": "sluice.yaml: 3 inputs, 1 rule with 3 tests, 1 output checked: no problem found\n"])
        #expect(text.contains("\nadmin: {"))
    }
}
