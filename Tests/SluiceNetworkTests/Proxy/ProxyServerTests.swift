import SluiceComponent
import SluiceConfig
import SluiceNetwork
import Testing

struct ProxyServerTests {
    private func server(_ options: (String, OptionValues.Value)...) throws -> RunningServer {
        try RunningServer(
            [("listen", .text("tcp://127.0.0.1:0")), ("proxy_protocol", .text("true"))] + options.map { (key: $0.0, value: $0.1) })
    }

    private let header = "PROXY TCP4 192.0.2.1 198.51.100.7 5140 601\r\n"

    @Test func `the header names the peer, and what follows it is the protocol's`() throws {
        let server = try server()
        let client = try TestClient(port: server.port)
        client.send(header + "one\n")
        #expect(client.line() == "hello")
        client.send("two\n")
        #expect(server.wait { $0.received[1] == "one\ntwo\n" ? true : nil } == true)
        #expect(server.seen.withLock { $0.peers[1] } == RunningServer.Peer(peer: "192.0.2.1", port: 5140))
        #expect(server.end())
    }

    @Test func `a header that drips in byte by byte does too`() throws {
        let server = try server()
        let client = try TestClient(port: server.port)
        for byte in ProxyHeaderParserTests.binary(0x21, 0x11, [192, 0, 2, 9, 1, 1, 1, 1, 0, 9, 0, 1]) + Array("one\n".utf8) {
            client.send([byte])
        }
        #expect(client.line() == "hello")
        #expect(server.wait { $0.received[1] == "one\n" ? true : nil } == true)
        #expect(server.seen.withLock { $0.peers[1] } == RunningServer.Peer(peer: "192.0.2.9", port: 9))
        #expect(server.end())
    }

    @Test func `a proxy that speaks for itself keeps its address`() throws {
        let server = try server()
        let client = try TestClient(port: server.port)
        client.send("PROXY UNKNOWN\r\n")
        #expect(client.line() == "hello")
        #expect(server.seen.withLock { $0.peers[1]?.peer } == "127.0.0.1")
        #expect(server.end())
    }

    @Test func `a connection without header is refused`() throws {
        let server = try server()
        let client = try TestClient(port: server.port)
        client.send("<13>message\n")
        #expect(client.isClosed())
        #expect(server.sees(.refused(.proxyHeader("it begins with other bytes"))))
        #expect(server.says("refused: it has no header of the PROXY protocol, which `proxy_protocol` asks for: it begins with other bytes"))
        #expect(server.sees(.closed))
        #expect(server.seen.withLock { $0.received.isEmpty && $0.peers.isEmpty })
        #expect(server.end())
    }

    @Test func `a header that does not end is waited for as long as a frame`() throws {
        let server = try server(("stall_timeout", .text("200ms")))
        let client = try TestClient(port: server.port)
        client.send("PROXY TCP4 192.0.2.1")
        #expect(client.isClosed())
        #expect(server.sees(.timedOut(.proxyHeader)))
        let cut = try TestClient(port: server.port)
        cut.send("PROXY TCP4 192.0.2.1")
        cut.close()
        #expect(server.sees(.refused(.proxyHeader("it ended in the middle of it"))))
        #expect(server.end())
    }

    @Test func `who only looks whether somebody listens is no fault`() throws {
        let server = try server()
        try TestClient(port: server.port).close()
        #expect(server.sees(.closed))
        #expect(server.events == [.accepted, .closed])
        #expect(server.end())
    }

    @Test func `peers are counted by the header, not by the proxy`() throws {
        let server = try server(("connections_per_peer_max", .text("1")))
        let (one, other, again) = (
            try TestClient(port: server.port), try TestClient(port: server.port), try TestClient(port: server.port)
        )
        one.send(header)
        #expect(one.line() == "hello")
        other.send("PROXY TCP4 192.0.2.2 198.51.100.7 5140 601\r\n")
        #expect(other.line() == "hello")
        again.send(header)
        #expect(again.isClosed())
        #expect(server.sees(.refused(.tooManyOfPeer)))
        one.close()
        #expect(server.sees(.closed, times: 2))
        let next = try TestClient(port: server.port)
        next.send(header)
        #expect(next.line() == "hello")
        #expect(server.end())
    }

    @Test func `allow is about the proxy`() throws {
        let server = try server(("allow", .text("192.0.2.0/24")))
        #expect(try TestClient(port: server.port).isClosed())
        #expect(server.sees(.refused(.notAllowed)))
        #expect(server.end())
    }
}
