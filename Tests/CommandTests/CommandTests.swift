import Foundation
import GoldenKit
import Testing

/// The command line as a user meets it: every case below `Cases/` is run and compared byte for byte.
///
/// A new case is a copy of `Cases/_template`; `UPDATE_GOLDEN=1` writes what came out in place of what was expected.
@Suite struct CommandTests {
    @Test(arguments: try! CommandCase.all())
    func `a command answers with the bytes and the status that its case promises`(_ example: CommandCase) throws {
        let files = try example.run()
        if GoldenFiles.areRewritten { try GoldenFiles.replace(example.expected, with: files) }
        #expect(GoldenFiles.differences(files, from: try GoldenFiles.read(example.expected)) == [])
    }

    @Test func `commands fail at least as often as they pass`() throws {
        let statuses = try CommandCase.all().map { try GoldenFiles.read($0.expected)["status"] }
        #expect(statuses.count >= 80)
        #expect(statuses.filter { $0 != Data("0\n".utf8) }.count * 2 >= statuses.count)
    }

    /// Except for the help, which `sluice` alone shows.
    @Test func `every line on standard error is JSON or says who speaks`() throws {
        for example in try CommandCase.all() {
            let files = try GoldenFiles.read(example.folder)
            guard files["terminal"] == nil, try !example.arguments().isEmpty, let complaints = files["expected/stderr"] else { continue }
            let lines = String(decoding: complaints, as: UTF8.self).split(separator: "\n")
            #expect(lines.filter { !$0.hasPrefix("sluice: ") && !$0.hasPrefix("{\"") } == [], "\(example.testDescription)")
        }
    }
}
