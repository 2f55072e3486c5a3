import SluiceConfig
import SluiceTestKit
import Testing

@testable import SluiceFraming

/// A start pattern in which nothing but `^\[` is understood.
struct BracketMatcher: LineMatcher {
    func matches(_ line: UnsafeRawBufferPointer) -> Bool { line.first == 0x5B }
}

@Suite struct MultilineConformanceTests {
    static let cases = ConformanceCase.load("multiline")

    @Test func `all cases are there`() { #expect(Self.cases.count == 15) }

    @Test(arguments: cases)
    func `lines are joined`(_ item: ConformanceCase) throws {
        let name = item.options["parser"] as! String
        let languages = ["java", "python", "go", "ruby", "dart"]
        for parser in languages.contains(name) ? [name, "auto"] : [name] {
            let parsed = try MultilineParser(parser) { _ in BracketMatcher() }
            let verifier = FramerVerifier { MultilineFramer(parsed) }
            let bytes = Array(item.inputs.joined(separator: [0x0A])) + [0x0A]
            let groups = item.expectations[0]["groups"] as! [String]
            #expect(verifier.frames(of: [bytes]).frames.map { String(decoding: $0.bytes, as: UTF8.self) } == groups)
            #expect(verifier.differences(bytes) == [])
        }
    }
}
