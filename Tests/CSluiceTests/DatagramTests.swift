import CSluice
import Glibc
import Testing

/// Two datagram sockets that are connected, and a receiver for the first.
final class DatagramPair {
    let reading: Int32
    let writing: Int32
    let receiver: OpaquePointer

    init(count: UInt32 = 8, bytesMax: Int = 65_536) throws {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, &ends) == 0)
        reading = ends[0]
        writing = ends[1]
        receiver = try #require(sl_receiver_create(reading, count, bytesMax, false))
    }

    deinit {
        sl_receiver_destroy(receiver)
        close(reading)
        close(writing)
    }

    func write(_ bytes: [UInt8]) { #expect(send(writing, bytes, bytes.count, 0) == bytes.count) }

    /// What one call takes: bytes, and how many more there were.
    func receive() -> [(bytes: [UInt8], cut: UInt32)] {
        let count = sl_receiver_receive(receiver)
        guard count >= 0, let datagrams = sl_receiver_datagrams(receiver) else { return [] }
        return (0..<Int(count)).map { index in
            var bytes = [UInt8](repeating: 0, count: Int(datagrams[index].length))
            sl_datagram_copy(datagrams + index, &bytes)
            return (bytes, datagrams[index].bytes_cut)
        }
    }
}

@Suite struct DatagramTests {
    static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) } }

    @Test func `datagrams of every length come out as they went in`() throws {
        let pair = try DatagramPair()
        #expect(sl_receiver_receive(pair.receiver) == 0)
        let lengths = [0, 1, 1_023, 1_024, 1_025, 4_096, 60_000, 65_536]
        for length in lengths { pair.write(Self.bytes(length)) }
        let received = pair.receive()
        #expect(received.map(\.bytes.count) == lengths)
        #expect(received.allSatisfy { $0.bytes == Self.bytes($0.bytes.count) && $0.cut == 0 })
        #expect(sl_receiver_receive(pair.receiver) == 0)
        // Memory that was given back is as good as before.
        sl_receiver_trim(pair.receiver)
        pair.write(Self.bytes(50_000))
        #expect(pair.receive().map(\.bytes) == [Self.bytes(50_000)])
    }

    @Test(arguments: [(1, 100), (1_000, 1_001), (1_024, 1_025), (1_025, 60_000), (2_000, 1_999), (2_000, 2_000)])
    func `what there is no room for is told`(_ room: Int, _ length: Int) throws {
        let pair = try DatagramPair(bytesMax: room)
        pair.write(Self.bytes(length))
        pair.write([7])
        let received = pair.receive()
        #expect(received.map(\.bytes) == [Array(Self.bytes(length).prefix(room)), [7]])
        #expect(received.map(\.cut) == [UInt32(max(0, length - room)), 0])
    }

    @Test func `a call takes no more than it has room for`() throws {
        let pair = try DatagramPair(count: 3)
        for number in 0..<7 { pair.write([UInt8(number)]) }
        #expect(pair.receive().map(\.bytes) == [[0], [1], [2]])
        #expect(pair.receive().map(\.bytes) == [[3], [4], [5]])
        #expect(pair.receive().map(\.bytes) == [[6]])
    }

    @Test func `the kernel says whose a datagram is`() throws {
        let pair = try DatagramPair()
        pair.write([1])
        #expect(sl_ask_for_credentials(pair.reading) == 0)
        pair.write([2])
        #expect(sl_receiver_receive(pair.receiver) == 2)
        let datagrams = try #require(sl_receiver_datagrams(pair.receiver))
        // The first was sent before anybody asked.
        #expect(datagrams[0].process == 0)
        #expect(datagrams[1].has_credentials)
        #expect((datagrams[1].process, datagrams[1].user, datagrams[1].group) == (getpid(), getuid(), getgid()))
        #expect(datagrams[1].address == nil)
    }

    @Test func `a socket that refuses still gives what waits, and then nothing`() throws {
        let pair = try DatagramPair(count: 4)
        try #require(sl_ask_for_credentials(pair.reading) == 0)
        for number in 0..<6 { pair.write(number == 1 ? [] : [UInt8(number)]) }
        #expect(sl_receiver_refuse(pair.receiver) == 0)
        #expect(send(pair.writing, [9], 1, Int32(MSG_NOSIGNAL)) == -1 && errno == EPIPE)
        #expect(pair.receive().map(\.bytes) == [[0], [], [2], [3]])
        #expect(pair.receive().map(\.bytes) == [[4], [5]])
        #expect(pair.receive().isEmpty)
    }

    @Test func `what a socket of UDP refuses is counted as dropped`() throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(socket) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let receiver = try #require(sl_receiver_create(socket, 4, 100, true))
        defer { sl_receiver_destroy(receiver) }
        try withUnsafeMutablePointer(to: &name) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                try #require(bind(socket, name, length) == 0 && getsockname(socket, name, &length) == 0)
                for number in 0..<5 {
                    if number == 3 { #expect(sl_receiver_refuse(receiver) == 0) }
                    #expect(sendto(socket, [UInt8(number)], 1, 0, name, length) == 1)
                }
            }
        }
        var drops: UInt32 = 0
        #expect(sl_receiver_receive(receiver) == 3)
        #expect(sl_receiver_receive(receiver) == 0)
        #expect(sl_socket_drops(socket, &drops) && drops == 2)
        #expect(sl_receiver_datagrams(receiver)?[0].address != nil)
    }

    @Test func `descriptors that a sender passes are closed`() throws {
        let pair = try DatagramPair()
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        var byte: UInt8 = 1
        for _ in 0..<3 { try #require(pass(pair.writing, ends[1], &byte)) }
        close(ends[1])
        #expect(pair.receive().map(\.bytes) == [[1], [1], [1]])
        // The pipe has come to its end: nobody can write to it any more.
        var state = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
        #expect(poll(&state, 1, 0) == 1)
        #expect(Int32(state.revents) == POLLHUP)
    }
}

/// SCM_RIGHTS.
private let passedDescriptors: Int32 = 1

/// Sends a byte together with a descriptor.
private func pass(_ socket: Int32, _ descriptor: Int32, _ byte: inout UInt8) -> Bool {
    // One `cmsghdr` of 16 bytes, the descriptor and its padding.
    var control = [UInt64](repeating: 0, count: 3)
    return withUnsafeMutablePointer(to: &byte) { byte in
        var part = iovec(iov_base: byte, iov_len: 1)
        return control.withUnsafeMutableBytes { control in
            control.storeBytes(of: 20, as: Int.self)
            control.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
            control.storeBytes(of: passedDescriptors, toByteOffset: 12, as: Int32.self)
            control.storeBytes(of: descriptor, toByteOffset: 16, as: Int32.self)
            return withUnsafeMutablePointer(to: &part) { part in
                var message = msghdr()
                message.msg_iov = part
                message.msg_iovlen = 1
                message.msg_control = control.baseAddress
                message.msg_controllen = 24
                return sendmsg(socket, &message, 0) == 1
            }
        }
    }
}
