import CSluice
import Foundation
import SluiceComponent
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceEncoding

/// Whatever bytes are in names and values, what comes out is what the format promises.
@Suite struct ValidityTests {
    /// Bytes that are likely to break something.
    static let odd: [UInt8] =
        Array("\"\\{}[]:,=#<> ]\n\r\t\u{0}\u{1b}\u{7f}abcü你😀".utf8) + [0xFF, 0xC0, 0xED, 0xA0, 0x80, 0xF0, 0x9F]

    static func bytes(_ numbers: inout SeededNumbers, max: Int) -> [UInt8] {
        (0..<Int.random(in: 0...max, using: &numbers)).map { _ in
            Bool.random(using: &numbers) ? odd.randomElement(using: &numbers)! : UInt8.random(in: 0...255, using: &numbers)
        }
    }

    /// A batch of one event with any bytes in any place.
    static func batch(_ numbers: inout SeededNumbers) -> EventBatch {
        let batch = EventBatch()
        _ = sl_event_begin(batch.raw, bytes(&numbers, max: 40).withUnsafeBytes { batch.append($0) }, 0, 0)
        for _ in 0..<Int.random(in: 0...6, using: &numbers) {
            let name = bytes(&numbers, max: 10)
            var key = UInt16.random(in: 0...UInt16(SL_KEY_MESSAGE), using: &numbers)
            var detail: UInt32 = 0
            if Bool.random(using: &numbers), !name.isEmpty {
                key = UInt16(SL_KEY_UNLISTED)
                detail = name.withUnsafeBytes {
                    sl_batch_append_name(batch.raw, $0.bindMemory(to: CChar.self).baseAddress!, $0.count)
                }
            }
            let slot = sl_event_add(batch.raw, key)!
            slot.pointee.detail = detail
            if Int.random(in: 0..<4, using: &numbers) == 0 {
                slot.pointee.type = [SL_NULL, SL_TRUE, SL_FALSE, SL_INTEGER, SL_FLOAT, SL_FACILITY, SL_SEVERITY, SL_TIMESTAMP]
                    .map(UInt8.init).randomElement(using: &numbers)!
                slot.pointee.integer = Int64.random(in: Int64.min...Int64.max, using: &numbers)
                if key != UInt16(SL_KEY_UNLISTED) {
                    slot.pointee.detail = UInt32.random(in: 0...UInt32.max, using: &numbers) & 0x02_07FF_0F
                }
            } else {
                slot.pointee.type = UInt8(SL_STRING)
                slot.pointee.text = bytes(&numbers, max: 80).withUnsafeBytes { batch.append($0) }
                if Int.random(in: 0..<4, using: &numbers) == 0 { nest(slot, batch) }
            }
        }
        _ = sl_event_end(batch.raw)
        sl_event_open(batch.raw).pointee.outputs = 1
        return batch
    }

    /// Wraps a string's bytes in an object whose string holds them raw, as a tolerant decoder would leave them.
    static func nest(_ slot: UnsafeMutablePointer<sl_slot>, _ batch: borrowing EventBatch) {
        let inside = Array(batch.bytes(slot.pointee.text)).filter { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        let text = Array("{\"id\":\n{\"name\":\"".utf8) + inside + Array("\" }\r\n}".utf8)
        slot.pointee.text = text.withUnsafeBytes { batch.append($0) }
        slot.pointee.type = UInt8(SL_OBJECT)
    }

    static func output(_ encoder: inout any Encoder, _ batch: borrowing EventBatch) -> [UInt8] {
        var output = sl_buffer()
        defer { sl_buffer_destroy(&output) }
        _ = encoder.encode(batch: batch.raw, bit: 1, to: &output)
        return Array(UnsafeBufferPointer(start: output.bytes, count: output.length))
    }

    @Test(arguments: 1...20)
    func `JSON is one line of valid UTF-8 that parses, whatever the bytes`(seed: Int) throws {
        var numbers = SeededNumbers(seed: UInt64(seed))
        var encoder = try EncoderCatalogue.make("json")
        for _ in 0..<300 {
            let batch = Self.batch(&numbers)
            let output = Self.output(&encoder, batch)
            #expect(output.last == 0x0A && output.dropLast().allSatisfy { $0 >= 0x20 || $0 == 0x09 })
            #expect(String(validating: output, as: UTF8.self) != nil, "seed \(seed)")
            #expect(
                (try? JSONSerialization.jsonObject(with: Data(output))) is [String: Any],
                "seed \(seed): \(String(decoding: output, as: UTF8.self))")
        }
    }

    @Test(arguments: ["rfc5424", "rfc3164", "logfmt", "text:{message} {structured_data} {hostname}"])
    func `one event is one line, whatever the bytes`(encoding: String) throws {
        var numbers = SeededNumbers(seed: 7)
        let parts = encoding.split(separator: ":", maxSplits: 1).map(String.init)
        var encoder = try EncoderCatalogue.make(parts[0], parts.count > 1 ? parts[1] : nil)
        for _ in 0..<2_000 {
            let batch = Self.batch(&numbers)
            let output = Self.output(&encoder, batch)
            #expect(output.last == 0x0A)
            #expect(!output.dropLast().contains(0x0A) && !output.dropLast().contains(0x0D))
        }
    }

    @Test func `logfmt is valid UTF-8, whatever the bytes`() throws {
        var numbers = SeededNumbers(seed: 11)
        var encoder = try EncoderCatalogue.make("logfmt")
        for _ in 0..<2_000 {
            let batch = Self.batch(&numbers)
            #expect(String(validating: Self.output(&encoder, batch), as: UTF8.self) != nil)
        }
    }
}
