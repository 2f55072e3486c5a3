import CSluice
import Foundation
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceDecoding

@Suite struct FormatFuzzTests {
    private static let formats: [String] = {
        var formats = DecoderCatalogue.entries.filter { $0.freeText == nil }.map(\.name)
        formats += [
            "json:find=true", "logfmt:typed=true", "csv:delimiters=;|\\t,escape=backslash-sequences,strip=true",
            "csv:header=true,quote='", "csv:columns=a,b,greedy=true", "cri:merge_partial=false,max_message_size=1KiB",
        ]
        #if Regex
            formats += ["regex:(?<a>\\w+)\\s(?<b>.*)", "grok:%{COMBINEDAPACHELOG}", "grok:%{SYSLOGLINE}"]
        #endif
        return formats
    }()

    private static func corpus() throws -> [[UInt8]] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../FuzzCorpus")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return try files.sorted { $0.path < $1.path }.map { Array(try Data(contentsOf: $0)) }
    }

    /// Decodes a frame between other bytes; what is wrong with the outcome traps or is recorded.
    private static func decode(
        _ text: [UInt8], _ decoder: inout any Decoder, around filler: UInt8, strict: Bool
    ) -> [String] {
        let batch = EventBatch()
        let around = [UInt8](repeating: filler, count: 80)
        let before = around.withUnsafeBytes { batch.append($0) }
        let span = text.withUnsafeBytes { batch.append($0) }
        _ = around.withUnsafeBytes { batch.append($0) }
        let frame = Frame(offset: Int(before.end), length: Int(span.length))
        let used = batch.raw.pointee.length
        let outcome = decoder.decode(frame, received: 1, into: batch)
        if case .refused = outcome { #expect(batch.count == 0) }
        for index in 0..<batch.count {
            let event = batch.raw.pointee.events[index]
            #expect(event.capacity == event.count + UInt16(SL_SPARE_SLOTS) || event.format == FormatName.docker.rawValue)
            for position in 0..<Int(event.count) {
                let slot = batch.raw.pointee.slots[Int(event.first) + position]
                guard [SL_STRING, SL_NUMBER, SL_OBJECT, SL_ARRAY].contains(Int(slot.type)) else { continue }
                let isInside = slot.text.offset >= span.offset && slot.text.end <= span.end
                let isAppended = slot.text.offset >= used && slot.text.end <= batch.raw.pointee.length
                #expect(isInside || isAppended || slot.text.length == 0, "a value lies outside of the frame")
            }
        }
        return DecodedEvent.all(of: batch).map { $0.summary + " \($0.flags.rawValue) \($0.raw)" }
    }

    /// Bytes changed, cut out, doubled or put together from two seeds.
    private static func mutate(_ seed: [UInt8], _ other: [UInt8], _ numbers: inout SeededNumbers) -> [UInt8] {
        var text = seed
        for _ in 0..<Int.random(in: 1...4, using: &numbers) {
            let at = Int.random(in: 0...text.count, using: &numbers)
            switch Int.random(in: 0..<6, using: &numbers) {
            case 0: text.insert(UInt8.random(in: 0...255, using: &numbers), at: at)
            case 1: text.insert("\"\\{}[]:,= \n\r\t".utf8.randomElement(using: &numbers)!, at: at)
            case 2: text.removeSubrange(at..<min(text.count, at + Int.random(in: 0...8, using: &numbers)))
            case 3: text = Array(text.prefix(at))
            case 4: text += other.suffix(Int.random(in: 0...other.count, using: &numbers))
            default: if at < text.count { text[at] ^= 1 << UInt8.random(in: 0...7, using: &numbers) }
            }
        }
        return text
    }

    @Test(arguments: formats, [false, true])
    func `damaged texts are read the same whatever lies around them`(format: String, strict: Bool) throws {
        let seeds = try Self.corpus()
        var numbers = SeededNumbers(seed: 20_261_120)
        var one = try DecoderCatalogue.make(OptionText(format), strict: strict).decoder
        var two = one
        for round in 0..<6 {
            for seed in seeds {
                let text = round == 0 ? seed : Self.mutate(seed, seeds.randomElement(using: &numbers)!, &numbers)
                if text.count > 20_000 { continue }
                for decoder in 0..<2 where round == 0 && decoder == 0 { one.startStream(); two.startStream() }
                let first = Self.decode(text, &one, around: 0x22, strict: strict)
                let second = Self.decode(text, &two, around: round % 2 == 0 ? 0x31 : 0x5C, strict: strict)
                #expect(first == second, "\(format): \(text)")
            }
        }
    }

    @Test(arguments: formats.filter { !$0.hasPrefix("csv") && !$0.hasPrefix("cri") && !$0.hasPrefix("docker") })
    func `every text is at least one event in tolerant mode`(format: String) throws {
        var decoder = try DecoderCatalogue.make(OptionText(format)).decoder
        for seed in try Self.corpus() { #expect(!Self.decode(seed, &decoder, around: 0x20, strict: false).isEmpty) }
    }

    @Test func `strict mode takes exactly what the grammar of RFC 8259 takes`() throws {
        var numbers = SeededNumbers(seed: 7)
        let seeds = try Self.corpus().filter { $0.first == 0x7B && $0.count < 4_000 }
        var taken = 0
        for round in 0..<6_000 {
            let seed = seeds[round % seeds.count]
            let text = round < seeds.count ? seed : Self.mutate(seed, seeds.randomElement(using: &numbers)!, &numbers)
            var decoder: any Decoder = JSONEventDecoder(strict: true)
            let batch = EventBatch()
            let span = text.withUnsafeBytes { batch.append($0) }
            let isTaken =
                if case .decoded = decoder.decode(Frame(offset: 0, length: Int(span.length)), received: 0, into: batch) {
                    true
                } else { false }
            #expect(isTaken == JSONGrammar.isObject(text), "\(String(decoding: text, as: UTF8.self))")
            if isTaken { taken += 1 }
        }
        #expect(taken > 100)
    }
}
