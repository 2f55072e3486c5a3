import CSluice
import CZlib
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceEncoding
import SluiceNetwork
import SluiceTestKit
import Testing

@testable import SluiceOutputs

@Suite struct ForwardOutputTests {
    private let folder = OutputFolder()

    @Test func `a message is tag, entries and options, to the byte`() throws {
        let peer = LoopbackPeer()
        let output = try folder.forward(peer.address)
        let call = ForwardAttempt(output, entries(("app.web", [1, 2])))
        let attempt = Call { call.attempt()?.message }
        let receiver = ForwardReceiver(peer.accept())
        let head: [UInt8] = [0x93, 0xA7] + Array("app.web".utf8) + [0xC4, 34] + entry(1) + entry(2) + [0x82, 0xA4] + Array("size".utf8)
        let bytes = receiver.connection.read(head.count + 8 + 33)
        #expect(Array(bytes[..<head.count]) == head)
        let rest = Array(bytes[head.count...])
        #expect(Array(rest.prefix(9)) == [0x02, 0xA5] + Array("chunk".utf8) + [0xD9, 32])
        #expect(!attempt.isOver(within: 100))
        receiver.write(.map([.init(.text("ack"), .text(Array(rest[9...]) + receiver.connection.read(0)))]))
        #expect(attempt.wait() == nil)
        #expect(output.counter("chunks_sent") == 1 && output.counter("chunks_resent") == 0 && output.counter("connects") == 1)
        try output.close()
    }

    @Test func `each part has its tag and each chunk a name of its own`() throws {
        let peer = LoopbackPeer()
        let call = ForwardAttempt(
            try folder.forward(peer.address), entries(("a", [1, 2]), ("b", [3])), entries(("a", [4]), (nil, [5])))
        let attempt = Call { call.attempt()?.message }
        var receiver = ForwardReceiver(peer.accept())
        let chunks = (0..<4).compactMap { _ in receiver.chunk() }
        #expect(chunks.map(\.tag) == ["a", "b", "a", "sluice"])
        #expect(chunks.map { numbers($0.entries) } == [[1, 2], [3], [4], [5]] && chunks.map(\.size) == [2, 1, 1, 1])
        #expect(Set(chunks.compactMap(\.name)).count == 4 && chunks.allSatisfy { $0.name?.count == 32 })
        // In any order, and with others between.
        for chunk in chunks.reversed() {
            receiver.write(.map([.init(.text("ack"), .text("unknown"))]))
            #expect(!attempt.isOver())
            receiver.acknowledge(chunk)
        }
        #expect(attempt.wait() == nil)
    }

    @Test func `chunks are cut between events, and a large event is alone`() throws {
        let peer = LoopbackPeer()
        let output = try folder.forward(peer.address, options: [("chunk_size", .text("1KiB")), ("require_ack", .text("false"))])
        let parcel = entries(("t", Array(0..<100)))
        var large = sl_buffer()
        defer { sl_buffer_destroy(&large) }
        sl_msgpack_put_array(&large, 2)
        sl_msgpack_put_integer(&large, 1)
        sl_msgpack_put_binary_head(&large, 5_000)
        sl_buffer_append(parcel.bytes, large.bytes, large.length)
        sl_buffer_append(parcel.bytes, [UInt8](repeating: 0, count: 5_000), 5_000)
        sl_buffer_append(parcel.bytes, entry(7), 17)
        parcel.parts = [.init(path: "t", length: parcel.byteCount, events: 102)]
        try output.write(parcel)
        var receiver = ForwardReceiver(peer.accept())
        let sizes = (0..<4).compactMap { _ in receiver.chunk()?.size }
        #expect(sizes == [60, 40, 1, 1])
    }

    @Test func `compressed chunks are one gzip member`() throws {
        let peer = LoopbackPeer()
        let call = ForwardAttempt(
            try folder.forward(peer.address, options: [("compression", .text("gzip"))]), entries(("t", Array(0..<500))))
        let attempt = Call { call.attempt()?.message }
        var receiver = ForwardReceiver(peer.accept())
        let received = receiver.chunk()
        let chunk = try #require(received)
        #expect(chunk.compression == "gzip" && chunk.size == 500 && chunk.entries.count < 8_500)
        var stream = z_stream()
        inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        defer { inflateEnd(&stream) }
        var packed = chunk.entries
        var room = [UInt8](repeating: 0, count: 10_000)
        let unpacked = packed.withUnsafeMutableBufferPointer { packed in
            room.withUnsafeMutableBufferPointer { room in
                stream.next_in = packed.baseAddress
                stream.avail_in = UInt32(packed.count)
                stream.next_out = room.baseAddress
                stream.avail_out = UInt32(room.count)
                let status = inflate(&stream, Z_FINISH)
                #expect(status == Z_STREAM_END && stream.avail_in == 0)
                return Array(room[..<(room.count - Int(stream.avail_out))])
            }
        }
        #expect(numbers(unpacked) == Array(0..<500))
        receiver.acknowledge(chunk)
        #expect(attempt.wait() == nil)
    }

    @Test func `without acknowledgements chunks have no name and the receiver's system is enough`() throws {
        let peer = LoopbackPeer()
        let call = ForwardAttempt(try folder.forward(peer.address, options: [("require_ack", .text("false"))]), entries(("t", [1])))
        let attempt = Call { call.attempt()?.message }
        var receiver = ForwardReceiver(peer.accept())
        #expect(attempt.wait() == nil)
        #expect(receiver.chunk() == ReceivedChunk(tag: "t", entries: entry(1), size: 1, name: nil, compression: nil))
    }

    @Test func `a Unix socket will do as well`() throws {
        let peer = LoopbackPeer(path: folder.path + "/f.sock")
        let call = ForwardAttempt(try folder.forward(peer.address), entries(("t", [1])))
        let attempt = Call { call.attempt()?.message }
        var receiver = ForwardReceiver(peer.accept())
        receiver.acknowledge(receiver.chunk())
        #expect(attempt.wait() == nil)
    }

    @Test func `bytes that are no events of the protocol are refused for good`() throws {
        let peer = LoopbackPeer()
        let output = try folder.forward(peer.address)
        let error = errorOf { () throws(OutputError) in try output.write(parcel(("t", "\u{1}text"), ("t", ""))) }
        // The first bytes happen to be values; what is no value is not sent.
        #expect(error == nil)
        let foreign = Parcel(delivery: nil)
        sl_buffer_append(foreign.bytes, [0xC1, 0x00], 2)
        foreign.parts = [.init(path: "t", length: 2, events: 1)]
        let refusal = errorOf { () throws(OutputError) in try output.write(foreign) }
        #expect(refusal?.isPermanent == true)
        #expect(refusal?.message == "2 bytes are no events of the forward protocol; was the disk buffer that of another output?")
    }

    @Test(
        arguments: [
            ([("username", "a")], "`username` of output `main` says nothing without a `shared_key`, which the handshake begins with"),
            (
                [("self_hostname", "a")],
                "`self_hostname` of output `main` says nothing without a `shared_key`, which the handshake begins with"
            ),
            ([("shared_key", "k"), ("username", "a")], "`username` of output `main` needs a `password`"),
            ([("shared_key", "k"), ("password", "a")], "`password` of output `main` needs a `username`"),
            ([("tag", "")], "`tag` of output `main` has 0 bytes; a tag has 1 to 1024, as in `app.{hostname}`"),
            ([("tag", "a{b")], "`tag` of output `main`: `{` has no `}`; write `{{` for a brace"),
        ] as [([(String, String)], String)])
    func `options that do not go together are refused`(options: [(String, String)], expected: String) {
        let error = #expect(throws: ConfigError.self) {
            _ = try folder.forward("tcp://127.0.0.1:1", options: options.map { ($0.0, .text($0.1)) })
        }
        #expect(error?.message == expected)
    }

    @Test func `the tag is a template, with a default for events without one`() throws {
        let plan = try folder.plan("forward", [("address", .text("tcp://127.0.0.1"))])
        #expect(plan.path?.text == "{@tag:-sluice}" && plan.makeEncoder(inputs: []) != nil && plan.framing == .asEncoded)
    }
}
