import CSluice
import CZlib
import SluiceComponent
import SluiceConfig
import SluiceNetwork
import SluiceTestKit
import Testing

@testable import SluiceInputs

/// A `forward` input that runs, and what it sends.
final class ForwardFixture {
    let session: TestSession
    let running: RunningInput

    /// Starts an input that listens at a port of its own, unless the options say where. Its events are all that is known of each.
    init(_ options: [(key: String, value: OptionValues.Value)] = [], folder: String = "/", isConfirming: Bool = true) throws {
        var options = options
        if !options.contains(where: { $0.key == "listen" }) { options.append(("listen", .text("tcp://127.0.0.1:0"))) }
        session = TestSession(text: { EventText.describe($0, $1).joined(separator: " | ") })
        session.state.withLock { $0.isConfirming = isConfirming }
        running = RunningInput(try makeInput("forward", options, folder: folder), session)
    }

    /// What its log says of an address, once it does.
    private func listening(_ begin: String) throws -> String {
        let deadline = MonotonicClock.now + 20_000_000_000
        while MonotonicClock.now < deadline {
            if let line = session.logged.all.first(where: { $0.hasPrefix("info: listening on " + begin) }) { return line }
            if let error = session.state.withLock({ $0.error }) { throw error }
            _ = session.stop.wait(nanoseconds: 1_000_000)
        }
        Issue.record("it does not listen: \(session.logged.all)")
        return ""
    }

    /// The port that it listens at.
    func port() throws -> Int { try #require(listening("tcp://").split(separator: ":").last.flatMap { Int($0) }) }

    func connect() throws -> TestPeer { try TestPeer(port: try port()) }

    func connect(path: String) throws -> TestPeer {
        _ = try listening("unix:")
        return try TestPeer(path: path)
    }

    /// Waits until a counter has a value.
    func counts(_ counter: InputCounter, _ value: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        _ = session.wait(for: "\(counter) = \(value)", sourceLocation: sourceLocation) { $0.counts[counter] ?? 0 == value ? true : nil }
    }

    /// All events, once there are so many.
    func events(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) -> [String] {
        session.messages(count, sourceLocation: sourceLocation)
    }

    /// Warnings so far.
    var warnings: [String] { session.logged.all.filter { $0.hasPrefix("warning: ") } }
}

/// A packed message of entries with one field `n`, and an option map of these bytes.
func packedMessage(_ numbers: Range<Int>, options: String = "80", as entries: ([UInt8]) -> [UInt8] = { $0 }) -> [UInt8] {
    let stream = entries(numbers.flatMap { packed("92 01 81 a1 'n' cd") + [UInt8($0 >> 8), UInt8($0 & 255)] })
    let length = [
        UInt8(stream.count >> 24 & 255), UInt8(stream.count >> 16 & 255), UInt8(stream.count >> 8 & 255), UInt8(stream.count & 255),
    ]
    return packed("93 a1 't' c6") + length + stream + packed(options)
}

/// What an event of ``packedMessage(_:options:as:)`` reads as.
func number(_ number: Int) -> String { "timestamp=1970-01-01T00:00:01Z | n=\(number) | @tag=t | peer=127.0.0.1" }

/// One gzip member.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    deflateInit2_(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    defer { deflateEnd(&stream) }
    var input = bytes
    var room = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
    return input.withUnsafeMutableBufferPointer { input in
        room.withUnsafeMutableBufferPointer { room in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = room.baseAddress
            stream.avail_out = UInt32(room.count)
            precondition(deflate(&stream, Z_FINISH) == Z_STREAM_END)
            return Array(room[..<(room.count - Int(stream.avail_out))])
        }
    }
}
