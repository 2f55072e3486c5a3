import CSluice
import Glibc
import SluiceComponent
import SluiceEvent
import SluiceFraming
import SluiceNetwork
import Testing

@testable import SluiceInputs

@Suite struct EventFillingTests {
    static let received: Int64 = 1_700_000_000_123_456_789

    /// What an event is after decoding and filling: fields in order, `meta` fields behind them with `@`, the peer, flags.
    func filled(
        _ texts: [String], format: String = "syslog", fillsFields: Bool = true, zone: Zone = .utc, _ sender: EventSender
    ) throws -> [[String]] {
        var settings = DecodingSetting.Texts()
        settings.format = format
        let setting = try DecodingSetting(settings, zone: zone, framingOptions: FramingOptions())
        var decoder = setting.decoder()
        let box = BatchBox()
        var filling = EventFilling(fillsFields: fillsFields, zone: zone)
        // Something lies in the arena already.
        _ = box.events.append(UnsafeRawBufferPointer(start: nil, count: 0))
        let placed = filling.place(sender, in: box.events)
        for text in texts {
            let span = text.utf8.withContiguousStorageIfAvailable { box.events.append(UnsafeRawBufferPointer($0)) }!
            let frame = Frame(offset: Int(span.offset), length: Int(span.length))
            _ = decoder.decode(frame, received: Self.received, into: box.events)
        }
        filling.fill(box.events, from: 0, of: placed)
        return (0..<box.events.count).map { EventText.describe(box.events, box.events.raw.pointee.events + $0) }
    }

    @Test func `what a message says itself is left alone`() throws {
        let sender = EventSender(address: IPAddress("192.0.2.255"))
        #expect(
            try filled(["<13>1 2023-11-14T22:13:20.5Z web app 7 - - text"], sender) == [
                [
                    "timestamp=2023-11-14T22:13:20.5Z", "hostname=web", "appname=app", "procid=7", "facility=user", "severity=notice",
                    "version=1", "message=text", "peer=192.0.2.255",
                ]
            ])
    }

    @Test func `a missing host and time come from the peer and the receipt, in their usual places`() throws {
        let sender = EventSender(address: IPAddress("::ffff:10.0.0.1"))
        let seen = try filled(["<13>app: text", "<13>1 2023-11-14T22:13:20Z - app - - - x"], sender)
        #expect(
            seen[0] == [
                "timestamp=2023-11-14T22:13:20.123456Z", "hostname=10.0.0.1", "appname=app", "facility=user", "severity=notice",
                "message=text", "peer=10.0.0.1", "!no_timestamp", "!host_from_peer",
            ])
        #expect(seen[1].prefix(3) == ["timestamp=2023-11-14T22:13:20Z", "hostname=10.0.0.1", "appname=app"])
        #expect(seen[1].suffix(2) == ["peer=10.0.0.1", "!host_from_peer"])
    }

    @Test func `a filled time has the offset of the zone`() throws {
        let seen = try filled(["<13>app: x"], zone: Zone(named: "+05:30"), EventSender(address: IPAddress("2001:db8::1")))
        #expect(seen[0].prefix(2) == ["timestamp=2023-11-15T03:43:20.123456+05:30", "hostname=2001:db8::1"])
    }

    @Test func `without filling only meta is set`() throws {
        let sender = EventSender(address: IPAddress("2001:db8::1"))
        #expect(
            try filled(["<13>app: text"], fillsFields: false, sender) == [
                ["appname=app", "facility=user", "severity=notice", "message=text", "peer=2001:db8::1", "!no_timestamp"]
            ])
    }

    @Test func `a Unix peer has credentials and the name of this machine`() throws {
        var name = [CChar](repeating: 0, count: 256)
        #expect(gethostname(&name, 255) == 0)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let sender = EventSender(address: nil, credentials: PeerCredentials(process: 4_711, user: 0, group: 4_294_967_295))
        let seen = try filled(["<13>Nov 14 22:13:20 app[1]: one", "two"], sender)
        #expect(seen[0].prefix(3) == ["timestamp=2023-11-14T22:13:20Z", "hostname=\(host)", "appname=app"])
        #expect(seen[0].filter { $0.hasPrefix("@") } == ["@pid=4711", "@uid=0", "@gid=4294967295"])
        #expect(!seen[0].contains { $0.hasPrefix("peer=") })
        #expect(seen[1].filter { $0.hasPrefix("@") } == ["@pid=4711", "@uid=0", "@gid=4294967295"])
        #expect(seen[1].contains("message=two") && seen[1].contains("hostname=\(host)"))
    }

    @Test func `a process that is not of this system has no pid, and a certificate gives its name`() throws {
        let sender = EventSender(
            address: IPAddress("192.0.2.1"), credentials: PeerCredentials(process: 0, user: 5, group: 6), certificateName: "a.example.org")
        #expect(
            try filled(["x"], format: "plain", fillsFields: false, sender) == [
                ["message=x", "@uid=5", "@gid=6", "@tls_peer=a.example.org", "peer=192.0.2.1"]
            ])
    }

    @Test func `an object that gets fields is not copied as it came`() throws {
        let sender = EventSender(address: IPAddress("192.0.2.1"))
        let seen = try filled(["{\"a\":1}", "{\"timestamp\":\"x\",\"hostname\":null}"], format: "json", sender)
        #expect(seen[0].prefix(3) == ["timestamp=2023-11-14T22:13:20.123456Z", "hostname=192.0.2.1", "a=1"])
        #expect(seen[1] == ["timestamp=x", "hostname=", "peer=192.0.2.1"])
    }

    @Test func `only the events from the given one on are filled, and thousands of them`() throws {
        let box = BatchBox()
        var settings = DecodingSetting.Texts()
        settings.format = "syslog"
        var decoder = try DecodingSetting(settings, zone: .utc, framingOptions: FramingOptions()).decoder()
        var filling = EventFilling(fillsFields: true, zone: .utc)
        let text = Array("<13>app: text".utf8)
        for number in 0..<3_000 {
            let sender = EventSender(
                address: number % 2 == 0 ? IPAddress("192.0.2.\(number % 200)") : nil,
                credentials: PeerCredentials(process: Int32(number), user: 1, group: 2))
            let first = box.events.count
            let placed = filling.place(sender, in: box.events)
            let span = text.withUnsafeBytes { box.events.append($0) }
            _ = decoder.decode(Frame(offset: Int(span.offset), length: text.count), received: Self.received, into: box.events)
            filling.fill(box.events, from: first, of: placed)
        }
        for number in stride(from: 2, to: 3_000, by: 2) {
            let seen = EventText.describe(box.events, box.events.raw.pointee.events + number)
            #expect(seen.contains("hostname=192.0.2.\(number % 200)") && seen.contains("@pid=\(number)") && seen.contains("message=text"))
        }
    }

    @Test func `compressed messages of rsyslog are found`() {
        let box = BatchBox()
        let text = Array("zx app".utf8)
        for bytes in [text, [0x7A], [], [0x7A, 0x78, 0xDA, 0x01, 0x02], [0x7A, 0x78, 0x9C, 0x00], Array("zx^2".utf8)] as [[UInt8]] {
            let span = bytes.withUnsafeBytes { box.events.append($0) }
            _ = sl_event_begin(box.events.raw, span, 0, 0)
            _ = sl_event_end(box.events.raw)
        }
        #expect(sl_find_compressed(box.events.raw, 0) == 3)
        #expect(sl_find_compressed(box.events.raw, 4) == 4)
        #expect(sl_find_compressed(box.events.raw, 5) == 6)
    }
}
