import CSluice
import SluiceComponent
import SluiceConfig
import SluiceEvent
import Testing

@testable import SluiceDecoding

@Suite struct AutoDecoderTests {
    private static let auto = ConformanceRunner { theCase, strict in
        AutoDecoder(zone: try Zone(named: theCase.zone), strict: strict)
    }

    private func decode(_ text: String, strict: Bool = false) -> (events: [DecodedEvent], outcome: DecodingOutcome) {
        var decoder = AutoDecoder(zone: .utc, strict: strict)
        let batch = EventBatch()
        let span = Array(text.utf8).withUnsafeBytes { batch.append($0) }
        let frame = Frame(offset: Int(span.offset), length: Int(span.length))
        let outcome = decoder.decode(frame, received: 1_795_132_800_000_000_000, into: batch)
        return (DecodedEvent.all(of: batch), outcome)
    }

    @Test(arguments: [
        ("<34>1 2026-10-11T22:14:15Z h a p m - x", FormatName.rfc5424), ("<34>1 - - - - - -", .rfc5424),
        ("<34>Oct 11 22:14:15 h a: x", .rfc3164), ("<34>hello", .rfc3164), ("<34>2 apples", .rfc3164),
        ("Oct 11 22:14:15 h a: x", .rfc3164), ("2026-10-11T22:14:15Z h a: x", .rfc3164),
        ("2026-10-11 22:14:15.5+02:00 h a: x", .rfc3164), ("  <34>Oct 11 22:14:15 h a: x", .rfc3164),
        ("\n<34>1 - h a p m - x", .rfc5424), ("\t<html>", .plain), ("Oct 11 22:14:15 host a: b\n", .rfc3164),
        ("<999>Oct 11 22:14:15 h a: x", .rfc3164),
        ("{\"a\":1}", .json), (" {\"a\":1} ", .json), ("{}", .json),
        ("{\"a\":1} x", .plain), ("{\"a\":", .plain), ("{a}", .plain), ("[1]", .plain), ("", .plain), ("hello world", .plain),
        ("2026-10-11 22:14:15 ERROR no zone", .plain), ("2026-10-11T22:14:15Z", .plain), ("Oct 11 22:14:15", .plain),
        ("Octopus 11 22:14:15 h", .plain), ("<html>", .plain), ("<>x", .plain), ("1700000000 x", .plain), ("   x", .plain),
        ("127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 5", .plain),
    ])
    func `each message is decoded by what it looks like`(text: String, format: FormatName) {
        let events = decode(text).events
        #expect(events.map(\.format) == [format])
        if format == .plain { #expect(events[0]["message"] == .bytes(Array(text.utf8))) }
    }

    @Test func `strict mode refuses syslog that breaks its standard and takes other text`() {
        if case .decoded = decode("<34>1 x", strict: true).outcome { Issue.record("a broken header was taken") }
        #expect(decode("<34>1 x", strict: true).events.isEmpty)
        #expect(decode("hello", strict: true).events.count == 1)
        #expect(decode("{\"a\":", strict: true).events.map(\.format) == [.plain])
    }

    private static let syslogCases = try! (ConformanceCase.load("rfc3164") + ConformanceCase.load("rfc5424"))
        .filter { !$0.mustFail && !$0.isStrictOnly && !$0.mayDrop }

    @Test(arguments: syslogCases)
    func `syslog cases give the same through the automatic choice`(theCase: ConformanceCase) throws {
        #expect(try Self.auto.difference(theCase, strict: false) == nil)
    }

    @Test func `the catalogue makes it by its name`() throws {
        var decoder = try DecoderCatalogue.make(OptionText("auto")).decoder
        let batch = EventBatch()
        let span = Array("{}".utf8).withUnsafeBytes { batch.append($0) }
        _ = decoder.decode(Frame(offset: Int(span.offset), length: 2), received: 0, into: batch)
        #expect(DecodedEvent.all(of: batch).map(\.format) == [.json])
    }
}
