import CSluice
import Foundation
import SluiceComponent
import SluiceDecoding
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceEncoding

/// JSON objects to entries of the forward protocol and back: the same fields come out.
@Suite struct ForwardRoundTripTests {
    /// An object's line as it is after a way through the protocol.
    static func carried(_ line: String) throws -> String {
        let batch = EventBatch()
        let span = Array(line.utf8).withUnsafeBytes { batch.append($0) }
        var json: any Decoder = JSONEventDecoder()
        _ = json.decode(Frame(offset: Int(span.offset), length: Int(span.length)), received: 5, into: batch)
        batch.raw.pointee.events[0].outputs = 1
        var encoder: any Encoder = ForwardEntryEncoder()
        let entry = ValidityTests.output(&encoder, batch)
        let back = EventBatch()
        let decoder = ForwardEventDecoder()
        entry.withUnsafeBytes { bytes in
            var entries = ForwardEntries(bytes)
            let only = entries.next()
            let tag = decoder.place(tag: UnsafeRawBufferPointer(start: nil, count: 0), in: back)
            guard let only, let body = only.body, let tag else { return }
            let fault = decoder.decode(only.bytes, body: body, tag: tag, received: 5, into: back)
            let isWhole = entries.next() == nil && !entries.isDamaged
            #expect(fault == nil && isWhole)
        }
        try #require(back.count == 1)
        back.raw.pointee.events[0].outputs = 1
        var output: any Encoder = JSONEventEncoder()
        return String(decoding: ValidityTests.output(&output, back).dropLast(), as: UTF8.self)
    }

    @Test(arguments: [
        #"{"timestamp":"2026-10-09T22:33:20Z","a":1,"b":-0.5,"c":"Grüße 你好 😀","d":null,"e":true,"f":[],"g":{}}"#,
        #"{"timestamp":"2026-10-09T22:33:20.123456789Z","deep":{"x":[1,2,{"y":null,"z":"\n\"\\"}]},"empty":""}"#,
        #"{"timestamp":"2026-10-09T22:33:20.5Z","big":18446744073709551615,"small":-9223372036854775808}"#,
        #"{"timestamp":"2026-10-09T22:33:20Z","other":"2026-10-09T22:33:20.120+02:00","severity":"err"}"#,
    ])
    func `fields come back as they were`(line: String) throws {
        let expected = line.replacing("20.5Z", with: "20.500Z")
        #expect(try Self.carried(line) == expected)
    }

    @Test(arguments: 1...6) func `any text comes back`(seed: Int) throws {
        var numbers = SeededNumbers(seed: UInt64(seed))
        for _ in 0..<100 {
            var object = RoundTripTests.object(&numbers)
            object["timestamp"] = "2026-10-09T22:33:20Z"
            let line = String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
            let nested = String(
                decoding: try JSONSerialization.data(withJSONObject: ["timestamp": "2026-10-09T22:33:20Z", "o": object]), as: UTF8.self)
            for line in [line, nested] {
                let back = try JSONSerialization.jsonObject(with: Data(try Self.carried(line).utf8)) as? NSDictionary
                #expect(back == (try JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary))
            }
        }
    }
}
