import CSluice
import Foundation
import SluiceComponent
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceFraming

/// Every seed through every framer and charset: no crash, the same frames however it is cut, bounded memory.
@Suite struct FuzzCorpusTests {
    static let seeds: [String] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("FuzzCorpus")
        let names = try! FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        return names.filter { $0 != "README.md" }.map { folder.appendingPathComponent($0).path }
    }()

    static func makers(_ options: FramingOptions) -> [@Sendable () -> any Framer] {
        let framings = Framing.allCases.map { framing in { @Sendable () -> any Framer in framing.framer(options) } }
        let quoting = CSVQuoting(escapesWithBackslash: true)
        return framings + [
            { CSVFramer(CSVQuoting(), options) }, { CSVFramer(quoting, options) },
            { MultilineFramer(.traces(.all), options) }, { MultilineFramer(.indent, options) },
            { MultilineFramer(.matcher(BracketMatcher()), options, limits: MultilineLimits(linesMax: 3, linesPendingMax: 2)) },
        ]
    }

    @Test func `the corpus is there`() { #expect(Self.seeds.count > 100) }

    @Test(arguments: seeds) func `frames do not depend on how a seed is cut`(_ path: String) throws {
        let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
        for policy in OversizePolicy.allCases {
            for limit in [1, 20, 64 << 10] {
                var options = FramingOptions(frameBytesMax: limit, oversize: policy)
                options.skipsBlanksBeforePri = limit == 20
                if limit == 1 { options.trailers = [0x0A, 0] }
                for make in Self.makers(options) {
                    let verifier = FramerVerifier(make)
                    let whole = verifier.frames(of: [bytes])
                    let seed = UInt64(bytes.count &* 31 &+ limit)
                    var random = SeededNumbers(seed: seed)
                    for run in 0..<3 {
                        let pieces = random.pieces(of: bytes)
                        let result = verifier.frames(of: pieces, room: run)
                        #expect(result.agrees(with: whole), "seed \(seed), limit \(limit), policy \(policy), \(type(of: make()))")
                    }
                    #expect(whole.frames.allSatisfy { $0.bytes.count <= limit })
                    guard bytes.count < 200 else { continue }
                    #expect(verifier.frames(of: bytes.map { [$0] }).agrees(with: whole))
                }
            }
        }
    }

    @Test func `no framer keeps more than its limits`() {
        let line = Array(String(repeating: "12345678 <1>\"long line, ", count: 40).utf8)
        let streams: [[UInt8]] = [
            Array(repeating: line, count: 50).flatMap { $0 }, Array(repeating: line + [0x0A, 0x20], count: 50).flatMap { $0 },
            Array(repeating: 0x31, count: 50_000), Array("40000 <1>".utf8) + Array(repeating: 0x78, count: 30_000),
            Array(repeating: 0x20, count: 50_000), Array(repeating: 0x22, count: 50_001),
        ]
        for policy in OversizePolicy.allCases {
            let limit = 500
            for make in Self.makers(FramingOptions(frameBytesMax: limit, oversize: policy)) {
                for stream in streams {
                    let pieces = stride(from: 0, to: stream.count, by: 100).map { Array(stream[$0..<min($0 + 100, stream.count)]) }
                    let result = FramerVerifier(make).frames(of: pieces)
                    let isJoining = make() is MultilineFramer
                    #expect(result.undealtBytesMax <= (isJoining ? 2 : 1) * limit + 64 + 100, "\(type(of: make()))")
                }
            }
        }
    }

    @Test(arguments: ["auto", "gbk", "gb18030", "latin1", "shift_jis", "windows-1252", "big5"])
    func `every charset turns every seed into UTF-8`(_ name: String) throws {
        let charset = try Charset(named: name)
        guard var converter = CharsetConverter(charset) else {
            Issue.record("\(name) is not converted")
            return
        }
        for path in Self.seeds {
            let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
            let batch = EventBatch()
            let span = bytes.withUnsafeBytes { batch.append($0) }
            let frames = UnsafeMutableBufferPointer<Frame>.allocate(capacity: 1)
            defer { frames.deallocate() }
            frames.initializeElement(at: 0, to: Frame(offset: Int(span.offset), length: Int(span.length)))
            converter.convert(frames, in: batch)
            let text = Array(batch.bytes(frames[0].text))
            #expect(String(validating: text, as: UTF8.self) != nil)
            #expect(Array(batch.bytes(frames[0].raw)) == bytes)
        }
    }
}
