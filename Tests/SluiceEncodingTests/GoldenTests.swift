import Foundation
import SluiceComponent
import SluiceConfig
import Testing

@testable import SluiceEncoding

/// Folders below `Golden`: `case.txt` names the encoding and the events, `expected.out` is what comes out, byte for byte, and
/// `expected.counts` what was counted (absent when nothing was). `UPDATE_GOLDEN=1` rewrites the expectations.
@Suite struct GoldenTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    static let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()) ?? []

    @Test(arguments: names)
    func `an encoder writes what its case expects`(name: String) throws {
        let folder = Self.folder.appending(path: name)
        let text = try String(contentsOf: folder.appending(path: "case.txt"), encoding: .utf8)
        let (encoding, events) = try #require(Self.parts(text))
        let option = OptionText(encoding)
        var encoder = try EncoderCatalogue.make(option.name, option.rest, inputs: ["first", "second"])
        let output = EventFixture(events).encoded(by: &encoder)
        let counts = Self.text(encoder.counts)
        let countsFile = folder.appending(path: "expected.counts")
        let outputFile = folder.appending(path: "expected.out")
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try Data(output).write(to: outputFile)
            if counts.isEmpty {
                try? FileManager.default.removeItem(at: countsFile)
            } else {
                try counts.write(to: countsFile, atomically: true, encoding: .utf8)
            }
        }
        let expected = try Data(contentsOf: outputFile)
        #expect(String(decoding: output, as: UTF8.self) == String(decoding: expected, as: UTF8.self))
        #expect(Data(output) == expected)
        #expect(counts == (try? String(contentsOf: countsFile, encoding: .utf8)) ?? "")
    }

    @Test func `there are cases`() {
        #expect(Self.names.count > 20)
    }

    /// The encoding of the first line, and the rest without comments.
    static func parts(_ text: String) -> (encoding: String, events: String)? {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        guard let first = lines.first, first.hasPrefix("encoding ") else { return nil }
        return (String(first.dropFirst("encoding ".count)), lines.dropFirst().joined(separator: "\n"))
    }

    static func text(_ counts: EncodingCounts) -> String {
        [
            ("invalid bytes replaced", counts.invalidBytesReplaced), ("fields left out", counts.fieldsLeftOut),
            ("values altered", counts.valuesAltered),
        ].filter { $0.1 > 0 }.map { "\($0.0): \($0.1)\n" }.joined()
    }
}
