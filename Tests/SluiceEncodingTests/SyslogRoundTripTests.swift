import CSluice
import Foundation
import SluiceComponent
import SluiceDecoding
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceEncoding

/// `decode(encode(event)) == event` for events that the format can carry, compared as JSON.
@Suite struct SyslogRoundTripTests {
    static func json(_ batch: borrowing EventBatch) throws -> [NSDictionary] {
        var encoder = try EncoderCatalogue.make("json")
        var index = batch.raw.pointee.first
        while index != UInt32.max {
            batch.raw.pointee.events[Int(index)].outputs = 1
            index = batch.raw.pointee.events[Int(index)].next
        }
        return try ValidityTests.output(&encoder, batch).split(separator: 0x0A).map {
            try #require(try JSONSerialization.jsonObject(with: Data($0)) as? NSDictionary)
        }
    }

    static func decoded(_ bytes: [UInt8], by decoder: inout some Decoder) throws -> NSDictionary {
        let batch = EventBatch()
        let span = bytes.withUnsafeBytes { batch.append($0) }
        batch.reserve(bytes.count * 6 + 1024)
        let frame = Frame(offset: Int(span.offset), length: Int(span.length))
        _ = decoder.decode(frame, received: 1_791_585_200_000_000_000, into: batch)
        let events = try json(batch)
        #expect(events.count == 1)
        return try #require(events.first)
    }

    static func word(_ numbers: inout SeededNumbers, max: Int, _ letters: String) -> String {
        let letters = Array(letters)
        return String((0..<Int.random(in: 1...max, using: &numbers)).map { _ in letters.randomElement(using: &numbers)! })
    }

    static let letters = "abcXYZ019._-/"
    static let free = "abc XYZ 019 \"\\]=[#:;<>é你😀\t"

    static func event(_ numbers: inout SeededNumbers, structured: Bool) -> String {
        var lines = ["event"]
        let second = Int.random(in: 10...59, using: &numbers)
        let fraction = structured ? ["", ".5", ".120", ".123456"].randomElement(using: &numbers)! : ""
        let offset = structured ? ["Z", "+02:00", "-09:30"].randomElement(using: &numbers)! : "Z"
        lines.append("timestamp time 2026-10-09T21:33:\(second)\(fraction)\(offset)")
        lines.append("hostname string h\(word(&numbers, max: 20, letters))")
        lines.append("appname string a\(word(&numbers, max: 20, "abcXYZ_-"))")
        lines.append("procid string \(word(&numbers, max: 6, "0123456789"))")
        lines.append("facility facility \(Int.random(in: 0...23, using: &numbers))")
        lines.append("severity severity \(Int.random(in: 0...7, using: &numbers))")
        if structured {
            lines.append("msgid string m\(word(&numbers, max: 30, letters))")
            let value = try! JSONSerialization.data(withJSONObject: [
                word(&numbers, max: 20, "abc@123"): [
                    word(&numbers, max: 10, "nm"): word(&numbers, max: 30, free), "x": word(&numbers, max: 5, free),
                ]
            ])
            lines.append(
                "structured_data object " + String(decoding: value, as: UTF8.self).replacingOccurrences(of: "\\", with: "\\\\"))
            lines.append("version integer 1")
        }
        lines.append("message string a" + word(&numbers, max: 60, free).replacingOccurrences(of: "\\", with: "\\\\") + "z")
        return lines.joined(separator: "\n")
    }

    @Test(arguments: 1...10)
    func `RFC 5424 carries every standard field`(seed: Int) throws {
        var numbers = SeededNumbers(seed: UInt64(seed))
        var encoder = try EncoderCatalogue.make("rfc5424")
        var decoder = RFC5424Decoder(zone: .utc, strict: true)
        for _ in 0..<50 {
            let fixture = EventFixture(Self.event(&numbers, structured: true))
            let before = try #require(try Self.json(fixture.batch).first)
            let bytes = fixture.encoded(by: &encoder)
            #expect(
                try Self.decoded(Array(bytes.dropLast()), by: &decoder) == before, "\(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(encoder.counts == EncodingCounts())
    }

    @Test(arguments: 1...10)
    func `RFC 3164 carries its fields to the second`(seed: Int) throws {
        var numbers = SeededNumbers(seed: UInt64(seed))
        var encoder = try EncoderCatalogue.make("rfc3164")
        var decoder = RFC3164Decoder(zone: .utc, strict: false)
        for _ in 0..<50 {
            let fixture = EventFixture(Self.event(&numbers, structured: false))
            let before = try #require(try Self.json(fixture.batch).first)
            let bytes = fixture.encoded(by: &encoder)
            #expect(
                try Self.decoded(Array(bytes.dropLast()), by: &decoder) == before, "\(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(encoder.counts == EncodingCounts())
    }
}
