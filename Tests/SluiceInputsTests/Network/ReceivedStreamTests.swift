import CSluice
import NIOCore
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceNetwork
import SluiceTestKit
import Testing

@testable import SluiceInputs

/// The way of a connection's bytes into batches, cut everywhere.
@Suite struct ReceivedStreamTests {
    typealias Options = [(key: String, value: OptionValues.Value)]

    /// What comes out of a connection whose bytes come in these pieces: messages with flags, counters, and how it ended.
    struct Seen: Equatable {
        var messages: [String] = []
        var counts: [InputCounter: Int] = [:]
        var outcome: ReceivedStream.Outcome?
    }

    func setting(_ kind: ListeningKind, _ options: Options) throws -> ListeningSetting {
        let values = try OptionValues(
            [("listen", .text(kind == .unix ? "unix:x" : "tcp://127.0.0.1:0"))] + options, of: kind.options,
            component: "input `\(kind.rawValue)`")
        return try ListeningSetting(values, kind: kind, InputSetting(name: "test", folder: "/", zone: .utc))
    }

    /// Keeps the loop for the closure that ends it.
    private final class Keeper {
        var loop: (any EventLoop)?
        var seen: [Seen] = []
    }

    func receive(_ ways: [[[UInt8]]], _ kind: ListeningKind = .syslog, _ options: Options = []) throws -> [Seen] {
        let setting = try setting(kind, options)
        let keeper = Keeper()
        let stop = StopFlag()
        stop.set()
        EventLoopThread.run(
            stop: stop,
            start: { loop throws(Never) in
                keeper.loop = loop
                for pieces in ways { keeper.seen.append(Self.receive(pieces, setting, loop)) }
            }, stopping: { keeper.loop!.makeSucceededVoidFuture() })
        return keeper.seen
    }

    private static func receive(_ pieces: [[UInt8]], _ setting: ListeningSetting, _ loop: any EventLoop) -> Seen {
        let session = TestSession(text: { EventText.framed($0, $1) })
        let reception = StreamReception(setting, rates: nil, session: session, loop: loop)
        let sender = EventSender(address: IPAddress("192.0.2.1"))
        var stream = ReceivedStream(sender, lane: 0, decodingIndex: 0)
        var seen = Seen()
        for piece in pieces + [[]] {
            let outcome = piece.withUnsafeBytes { stream.received($0, isFinal: piece.isEmpty, by: reception) }
            guard case .events = outcome else {
                seen.outcome = outcome
                break
            }
            // The turn of the loop ends somewhere.
            if piece.count % 3 == 0 { reception.batches.sendAll() }
        }
        reception.batches.finish()
        let state = session.state.withLock { $0 }
        seen.messages = state.sent.flatMap(\.messages)
        seen.counts = state.counts.filter { $0.key != .bytesRead }
        return seen
    }

    /// Whole, byte by byte, at every place in two, at random places: the same must come out.
    func everywhere(_ bytes: [UInt8], _ kind: ListeningKind = .syslog, _ options: Options = []) throws -> Seen {
        var ways: [[[UInt8]]] = [[bytes], bytes.map { [$0] }]
        for cut in 1..<max(2, bytes.count) where bytes.count > 1 { ways.append([Array(bytes[..<cut]), Array(bytes[cut...])]) }
        var numbers = SeededNumbers(seed: 42)
        for _ in 0..<20 {
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = min(rest.count, 1 + Int(numbers.next() % 17))
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            ways.append(pieces)
        }
        let seen = try receive(ways, kind, options)
        for (index, way) in seen.enumerated() { #expect(way == seen[0], "way \(index)") }
        return seen[0]
    }

    func everywhere(_ text: String, _ kind: ListeningKind = .syslog, _ options: Options = []) throws -> Seen {
        try everywhere(Array(text.utf8), kind, options)
    }

    @Test func `all framings mix on one connection`() throws {
        let seen = try everywhere(
            "<13>app: one\n16 <13>app: counted<13>app: nul\u{0}<13>app: crlf\r\n\n\r\n\u{0} <13>app: asa\n"
                + "12 <13>app: two\n12 <13>app: LF\n\n<13>app: last\n")
        #expect(seen == Seen(messages: ["one", "counted", "nul", "crlf", "asa", "two", "LF", "last"]))
    }

    @Test func `digits that are not counts are lines`() throws {
        let seen = try everywhere("2024-01-01 a\n12:30 b\n7\n99999999999 <13>app: c\n0 <13>app: d\n", .syslog, [("format", .text("plain"))])
        #expect(seen.messages == ["2024-01-01 a", "12:30 b", "7", "<13>app: c !framing_repaired", "<13>app: d !framing_repaired"])
        #expect(seen.counts == [.framingErrors: 2])
        let lines = try everywhere("12 monkeys\n200 OK\n<13>app: c\n10 <13>app: d<13>app: e\n9 ", .syslog, [("format", .text("plain"))])
        #expect(lines.messages == ["12 monkeys", "200 OK", "<13>app: c", "<13>app: d", "<13>app: e", "9  !truncated"])
        #expect(lines.counts == [.incompleteFrames: 1])
    }

    @Test func `a wrong count costs the frames that it covers and no more`() throws {
        // Too few: the rest of the message is a line of its own.
        let seen = try everywhere("5 <13>app: x\n12 <13>app: two<13>app: three\n", .syslog, [("format", .text("plain"))])
        #expect(seen.messages == ["<13>a", "pp: x", "<13>app: two", "<13>app: three"])
    }

    @Test func `what is longer than the limit is cut, and the next frame is whole`() throws {
        let long = String(repeating: "x", count: 200)
        let seen = try everywhere(
            "<13>app: \(long)\n<13>app: a\n209 <13>app: \(long)<13>app: b\n", .syslog, [("max_frame_size", .text("64"))])
        let cut = String(repeating: "x", count: 55)
        #expect(seen.messages == ["\(cut) !truncated", "a", "\(cut) !truncated", "b"])
        #expect(seen.counts == [.oversizeFrames: 2, .bytesLost: 290])
    }

    @Test func `with oversize set to error the connection ends`() throws {
        let long = String(repeating: "x", count: 200)
        let bytes = Array("<13>app: a\n<13>app: \(long)\n<13>app: b\n".utf8)
        let ways = [[bytes], bytes.map { [$0] }, [Array(bytes[..<100]), Array(bytes[100...])]]
        for seen in try receive(ways, .syslog, [("max_frame_size", .text("64")), ("oversize", .text("error"))]) {
            #expect(seen.messages == ["a"] && seen.outcome == .failed(.oversize(frameBytesMax: 64)))
            #expect(seen.counts[.oversizeFrames] == 1 && seen.counts[.framingErrors] == 1)
        }
    }

    @Test(arguments: ["<13>app: one\n<13>app: tw", "<13>app: one\n20 <13>app: tw"])
    func `a connection that ends in a frame gives a fragment`(_ text: String) throws {
        #expect(try everywhere(text) == Seen(messages: ["one", "tw !truncated"], counts: [.incompleteFrames: 1]))
    }

    @Test func `separators at the end are no fragment`() throws {
        #expect(try everywhere("<13>app: one\n\r\n\u{0}") == Seen(messages: ["one"]))
        #expect(try everywhere("<13>app: one\n12") == Seen(messages: ["one", "12 !truncated"], counts: [.incompleteFrames: 1]))
    }

    @Test func `other kinds read lines, or what the framing says`() throws {
        #expect(try everywhere("{\"message\":\"a\"}\n12 b\n<13>c: d\u{0}e\n", .tcp).messages == ["a", "12 b", "d\u{0}e"])
        #expect(
            try everywhere("a\u{0}b\nc\u{0}", .tcp, [("framing", .text("nul")), ("format", .text("plain"))]).messages == ["a", "b\nc"])
        #expect(
            try everywhere("3 a\nb1 c", .unix, [("framing", .text("octet")), ("format", .text("plain"))]) == Seen(messages: ["a\nb", "c"]))
        #expect(
            try everywhere("a\nb", .tcp, [("framing", .text("whole")), ("format", .text("plain"))]) == Seen(messages: ["a\nb"]))
        #expect(try everywhere("message,n\n\"x\ny\",1\n", .tcp, [("format", .text("csv:header=true"))]).messages == ["x\ny"])
    }

    @Test func `a stream of UTF-16 is converted, wherever it is cut`() throws {
        let text = "grün\n線\n"
        let bytes: [UInt8] = [0xFF, 0xFE] + text.utf16.flatMap { unit -> [UInt8] in [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
        #expect(try everywhere(bytes, .tcp, [("format", .text("plain")), ("charset", .text("utf-16"))]).messages == ["grün", "線"])
    }

    @Test func `compressed messages end the connection, also in its middle`() throws {
        let packed = Array("17 z".utf8) + [0x78, 0xDA, 0x01, 0x02, 0x03, 0x00, 0x0A] + Array("123456789".utf8)
        #expect(try everywhere(packed) == Seen(outcome: .foreign(.compressed)))
        let later = Array("<13>app: one\n".utf8) + packed + Array("<13>app: two\n".utf8)
        let seen = try everywhere(later)
        #expect(seen == Seen(messages: ["one"], outcome: .foreign(.compressed)))
    }

    @Test func `foreign protocols end the connection and give no event`() throws {
        #expect(try everywhere("GET / HTTP/1.1\r\nHost: a\r\n\r\n") == Seen(outcome: .foreign(.http)))
        #expect(try everywhere("SSH-2.0-scan\r\n", .tcp) == Seen(outcome: .foreign(.ssh)))
        #expect(try everywhere([0x16, 0x03, 0x01, 0x02, 0x00]) == Seen(outcome: .foreign(.tls)))
    }

    @Test func `what looked foreign and is not comes whole`() throws {
        #expect(try everywhere("GET /a 200\nGET /b 200\n", .tcp, [("format", .text("plain"))]).messages == ["GET /a 200", "GET /b 200"])
        #expect(try everywhere("GET /cut", .tcp, [("format", .text("plain"))]).messages == ["GET /cut !truncated"])
        #expect(try everywhere("1234567", .tcp, [("format", .text("plain"))]).messages == ["1234567 !truncated"])
    }

    @Test func `an idle or empty connection gives nothing`() throws {
        #expect(try receive([[]]) == [Seen()])
        #expect(try everywhere("\n\n") == Seen())
    }
}
