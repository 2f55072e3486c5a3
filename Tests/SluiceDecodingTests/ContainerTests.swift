import CSluice
import SluiceComponent
import SluiceEvent
import Testing

@testable import SluiceDecoding

@Suite struct ContainerTests {
    private let time = "2026-11-20T06:07:08Z"
    private let later = "2026-11-20T06:07:09Z"
    private let ns = "@1795154828000000000"

    @Test func `joined parts have the first time and all raw bytes`() throws {
        let lines = ["\(time) stdout P a ", "\(later) stdout F b"]
        let event = try decode(lines, as: "cri").events[0]
        #expect(event.summary == "timestamp=\(ns) stream='stdout' partial=false message='a b'")
        #expect(event.raw == Array(lines.joined(separator: "\n").utf8))
        #expect(event.flags == .partialJoined)
    }

    @Test func `parts that no end followed are events at the end of the stream`() throws {
        let events = try decode(["\(time) stderr P a", "\(time) stdout P b", "\(time) stderr P c"], as: "cri").events
        #expect(
            events.map(\.summary) == [
                "timestamp=\(ns) stream='stderr' partial=true message='ac'",
                "timestamp=\(ns) stream='stdout' partial=true message='b'",
            ])
    }

    @Test func `a new stream forgets open parts`() throws {
        var decoder: any Decoder = CRIDecoder()
        let batch = EventBatch()
        let span = Array("\(time) stdout P a".utf8).withUnsafeBytes { batch.append($0) }
        _ = decoder.decode(Frame(offset: 0, length: Int(span.length)), received: 0, into: batch)
        decoder.startStream()
        decoder.finish(received: 0, into: batch)
        #expect(batch.count == 0)
    }

    @Test func `parts stay apart when they are not to be merged`() throws {
        let events = try decode(["\(time) stdout P a", "\(time) stdout F b"], as: "cri:merge_partial=false").events
        #expect(events.map { $0["message"] } == [.bytes(Array("a".utf8)), .bytes(Array("b".utf8))])
        #expect(events.map { $0["partial"] } == [.boolean(true), .boolean(false)])
    }

    @Test func `a joined message is bounded and goes on in pieces`() throws {
        let part = String(repeating: "x", count: 600)
        let lines = (0..<5).map { "\(time) stdout \($0 < 4 ? "P" : "F") \(part)" }
        let events = try decode(lines, as: "cri:max_message_size=1KiB").events
        #expect(events.map(\.flags) == [[.partialJoined, .multilineLimit], [.partialJoined, .multilineLimit], []])
        let sizes = events.map { event -> Int in
            guard case .bytes(let bytes) = event["message"] else { return 0 }
            return bytes.count
        }
        #expect(sizes == [1200, 1200, 600])
        #expect(events.map { $0["partial"] } == [.boolean(true), .boolean(true), .boolean(false)])
    }

    @Test func `docker lines keep what else they carry`() throws {
        let text = #"{"log":"a\\n\n","stream":"stdout","attrs":{"x":"y"},"time":"\#(time)"}"#
        #expect(
            try event(text, as: "docker").summary
                == #"message="a\\n" stream='stdout' attrs={"x":"y"} timestamp=\#(ns) partial=false"#)
    }

    @Test func `docker parts are joined with their escapes`() throws {
        let lines = [
            #"{"log":"a\t","stream":"stdout","time":"\#(time)"}"#, #"{"log":"b\\n","stream":"stdout","time":"\#(later)"}"#,
            #"{"log":"ü\n","stream":"stdout","attrs":{},"time":"\#(later)"}"#,
        ]
        let event = try decode(lines, as: "docker").events[0]
        #expect(event.summary == #"message="a\tb\\nü" stream='stdout' attrs={} timestamp=\#(ns) partial=false"#)
    }

    @Test func `a docker line without a usable time keeps its text`() throws {
        let event = try event(#"{"log":"x\n","time":"soon"}"#, as: "docker")
        #expect(event.summary == "message='x' timestamp='soon' partial=false")
        #expect(event.flags == .noTimestamp)
    }
}
