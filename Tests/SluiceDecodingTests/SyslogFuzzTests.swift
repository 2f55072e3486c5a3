import CSluice
import SluiceComponent
import SluiceEvent
import Testing

@testable import SluiceDecoding

@Suite struct SyslogFuzzTests {
    private static let rounds = 3_000

    @Test func `the RFC 3164 decoder makes an event of anything`() throws {
        let fuzz = DecoderFuzz { RFC3164Decoder(zone: .utc, strict: $0) }
        #expect(try fuzz.problems(count: Self.rounds, seed: 1) == [])
    }

    @Test func `the RFC 5424 decoder makes an event of anything`() throws {
        let fuzz = DecoderFuzz { RFC5424Decoder(zone: .utc, strict: $0) }
        #expect(try fuzz.problems(count: Self.rounds, seed: 2) == [])
    }

    @Test func `the syslog decoder makes an event of anything`() throws {
        let fuzz = DecoderFuzz { SyslogDecoder(zone: .utc, strict: $0) }
        #expect(try fuzz.problems(count: Self.rounds, seed: 3) == [])
    }

    @Test func `the automatic choice makes an event of anything`() throws {
        let fuzz = DecoderFuzz { AutoDecoder(zone: .utc, strict: $0) }
        #expect(try fuzz.problems(count: Self.rounds, seed: 4) == [])
    }

    @Test func `structured data with thousands of repeated names is read in bounded time`() {
        let fuzz = DecoderFuzz { RFC5424Decoder(zone: .utc, strict: $0) }
        for part in ["a=\"\" ", "aa=\"1\" ", "][a", "[a b=\"c\"]", "[a]"] {
            let body = String(repeating: part, count: 60_000 / part.utf8.count)
            for text in ["<13>1 - h a p m [a \(body)x=\"y\"] text", "<13>1 - h a p m \(body) text"] {
                #expect(fuzz.problem(Array(text.utf8), strict: false) == nil)
            }
        }
    }

    @Test func `the fast path and the careful one make the same event`() throws {
        let zone = try Zone(named: "Europe/Berlin")
        let samples = [
            "<13>Oct 11 22:14:15 host app: x", "<0>Jan  1 00:00:00 h a[1]: [b c=d] x", "<191>Feb 29 23:59:59 a.b-c d_e(f)[gh]: ",
            "Mar 31 02:30:00 host app[7]: no PRI", "2026-10-11T22:14:15.123456+02:00 host app[7]: text",
            "<13>2024-02-29T00:00:00Z host.example.org app: text", "2026-10-11T22:14:15.123456789-00:00 host app: text",
            "2026-10-11T22:14:15-09:30 host app: more text", "2026-10-11T22:14:15.1234567891+00:00 host app: text",
            "9999-10-11T22:14:15+00:00 host app: more text",
        ]
        for text in samples {
            for received in stride(from: Int64(1_700_000_000), to: 1_900_000_000, by: 7_654_321) {
                let bytes = Array(text.utf8)
                func decode(_ body: (inout RFC3164Decoder, Frame, borrowing EventBatch) -> Void) -> [DecodedEvent] {
                    var decoder = RFC3164Decoder(zone: zone, strict: false)
                    let batch = EventBatch()
                    let span = bytes.withUnsafeBytes { batch.append($0) }
                    body(&decoder, Frame(offset: Int(span.offset), length: bytes.count), batch)
                    return DecodedEvent.all(of: batch)
                }
                let fast = decode { _ = $0.decode($1, received: received * 1_000_000_000, into: $2) }
                let careful = decode { _ = $0.decodeCarefully($1, received: received * 1_000_000_000, into: $2) }
                #expect(fast.map(\.fields.description) == careful.map(\.fields.description))
                #expect(fast.map(\.flags) == careful.map(\.flags))
            }
        }
    }
}
