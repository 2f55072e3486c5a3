import CSluice
import Foundation
import SluiceComponent
import SluiceEvent
import SluiceTestKit

/// Feeds a decoder the corpus of `Tests/FuzzCorpus`, mutations of it and whatever else, and says what it did wrong.
///
/// Each frame lies at the end of its arena, so that a read far behind it leaves the memory.
struct DecoderFuzz {
    /// A fresh decoder, strict or tolerant.
    let makeDecoder: (_ strict: Bool) -> any Decoder
    /// A tolerant decoder gives at least one event for each frame that is not empty.
    var givesEvents = true
    /// The first event's raw bytes are the frame.
    var keepsRaw = true
    /// Bytes that decoding may add to the arena: a multiple of the frame and a constant.
    var growth = (times: 8, plus: 512)

    /// The files of the corpus by name.
    static func corpus() throws -> [(name: String, bytes: [UInt8])] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "FuzzCorpus")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted().map {
            ($0, Array(try Data(contentsOf: folder.appending(path: $0))))
        }
    }

    /// What is wrong with the answer to a frame, nil when nothing is.
    func problem(_ bytes: [UInt8], strict: Bool) -> String? {
        var decoder = makeDecoder(strict)
        let batch = EventBatch()
        let span = bytes.withUnsafeBytes { batch.append($0) }
        let frame = Frame(offset: Int(span.offset), length: Int(span.length))
        let outcome = decoder.decode(frame, received: 1_795_132_800_000_000_000, into: batch)
        let grown = batch.byteCount - bytes.count
        if grown > bytes.count * growth.times + growth.plus { return "the arena grew by \(grown) bytes" }
        if case .refused = outcome {
            if !strict { return "a tolerant decoder refused" }
            return batch.count > 0 ? "a refused frame left \(batch.count) events" : nil
        }
        decoder.finish(received: 1_795_132_800_000_000_000, into: batch)
        let events = DecodedEvent.all(of: batch)
        if givesEvents, events.isEmpty, !bytes.isEmpty { return "no event" }
        if keepsRaw, let first = events.first, first.raw != bytes { return "the raw bytes are \(first.raw.count)" }
        for event in events {
            for (name, value) in event.fields {
                if case .json(let text) = value, let problem = Self.problem(json: text) { return "`\(name)` \(problem)" }
            }
        }
        return nil
    }

    /// Values of nested types have to be JSON text apart from bytes that are not UTF-8, which reading replaced.
    private static func problem(json text: String) -> String? {
        let isValid = (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil
        return isValid || text.contains("\u{FFFD}") ? nil : "is no JSON: \(text.prefix(200))"
    }

    /// Problems with every file of the corpus, its prefixes, and `count` mutations by `seed`, in both modes.
    func problems(count: Int, seed: UInt64) throws -> [String] {
        let corpus = try Self.corpus()
        var problems: [String] = []
        func run(_ bytes: [UInt8], _ name: String) {
            for strict in [false, true] where problems.count < 10 {
                if let problem = problem(bytes, strict: strict) {
                    problems.append("\(name), strict \(strict): \(problem) for \(Data(bytes.prefix(600)).base64EncodedString())")
                }
            }
        }
        for (name, bytes) in corpus {
            run(bytes, name)
            for line in bytes.split(separator: 0x0A) { run(Array(line), name) }
            for length in 0..<min(bytes.count, 200) { run(Array(bytes[..<length]), "\(name) cut at \(length)") }
        }
        var random = SeededNumbers(seed: seed)
        for round in 0..<count {
            let (name, bytes) = corpus[Int.random(in: 0..<corpus.count, using: &random)]
            let other = corpus[Int.random(in: 0..<corpus.count, using: &random)].bytes
            let mutation = Self.mutated(Array(bytes.prefix(2_000)), Array(other.prefix(2_000)), &random)
            run(mutation, "\(name), seed \(seed), round \(round)")
        }
        return problems
    }

    /// One to four changes: a byte set, bytes taken out, repeated or swapped, a piece of another file put in.
    private static func mutated(_ bytes: [UInt8], _ other: [UInt8], _ random: inout SeededNumbers) -> [UInt8] {
        let favourites = Array("<>[]\"\\=: ,{}0129-.%*\n\r\0".utf8) + [0x7F, 0x80, 0xC3, 0xEF, 0xFF]
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, at + Int.random(in: 0...12, using: &random))
            switch Int.random(in: 0...5, using: &random) {
            case 0 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.insert(favourites[Int.random(in: 0..<favourites.count, using: &random)], at: at)
            case 2: bytes.removeSubrange(at..<end)
            case 3:
                let piece = bytes[at..<end]
                for _ in 0..<Int.random(in: 1...40, using: &random) { bytes.insert(contentsOf: piece, at: at) }
            case 4 where !other.isEmpty:
                let start = Int.random(in: 0..<other.count, using: &random)
                bytes.insert(contentsOf: other[start..<min(other.count, start + 30)], at: at)
            default: bytes.removeSubrange(at...)
            }
        }
        return bytes
    }
}
