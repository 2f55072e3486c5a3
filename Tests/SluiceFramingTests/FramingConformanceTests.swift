import SluiceComponent
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceFraming

@Suite struct FramingConformanceTests {
    static let cases = ConformanceCase.load("rfc6587")

    @Test func `all cases are there`() { #expect(Self.cases.count == 51) }

    @Test(arguments: cases)
    func `streams are cut as RFC 6587 and real receivers do`(_ item: ConformanceCase) throws {
        let options = item.options
        var framing = FramingOptions(
            frameBytesMax: options["max_frame"] as? Int ?? 8_192, oversize: .error,
            trimsTrailingCR: options["trim_trailing_cr"] as? Bool ?? false,
            trimsTrailingLF: options["trim_trailing_lf"] as? Bool ?? false,
            skipsBlanksBeforePri: options["cisco_asa_fix"] as? Bool ?? false)
        if let policy = options["oversize"] as? String { framing.oversize = OversizePolicy(rawValue: policy)! }
        if let trailers = options["trailers"] as? [String] {
            framing.trailers = trailers.map { $0 == "NUL" ? 0 : 0x0A }
        }
        let kind = try Framing(named: options["framing"] as! String)
        let verifier = FramerVerifier { kind.framer(framing) }
        let result = verifier.frames(of: item.inputs)
        #expect(
            item.expectations.contains { agrees(result, $0, policy: framing.oversize) },
            "\(result.frames) \(result.counts), not \(item.expectations)")
        let joined = item.inputs.flatMap { $0 }
        #expect(verifier.frames(of: [joined]).agrees(with: result))
        #expect(verifier.differences(joined, cutsMax: 100) == [])
    }

    private func agrees(_ result: FramingResult, _ expected: [String: Any], policy: OversizePolicy) -> Bool {
        var frames = result.frames
        // The fragment that a cut stream leaves is extra here, as the case's notes allow.
        if result.counts.incomplete > 0, frames.last?.flags.contains(.truncated) == true { frames.removeLast() }
        let isError = result.counts.errors > 0 || (policy != .truncate && result.counts.oversize > 0)
        return frames.map(\.bytes) == (expected["frames"] as! [Any]).map(ConformanceCase.bytes)
            && isError == (expected["error"] as? Bool ?? false)
            && (result.counts.incomplete > 0) == (expected["incomplete"] as? Bool ?? false)
    }
}
