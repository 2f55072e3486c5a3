import NIOSSL
import SluiceComponent
import SluiceConfig
import SluiceNetwork
import Testing

/// Every way in which a handshake ends: with a connection, or with a reason in the log and in the event.
struct TLSServerTests {
    private let certificates: TestCertificates

    init() {
        certificates = TestCertificates()
        certificates.make("server", common: "server", names: "DNS:localhost")
    }

    private let clients: [(key: String, value: OptionValues.Value)] = [("client_ca", .text("ca.pem"))]

    private func permitting(_ names: String...) -> [(key: String, value: OptionValues.Value)] {
        clients + [("permitted_names", .texts(names))]
    }

    @Test func `a client that trusts the authority is served`() throws {
        let server = try certificates.server()
        let client = try TLSTestClient(certificates, port: server.port)
        #expect(client.serverNames == ["localhost", "server"])
        try client.send("one\n")
        #expect(server.wait { $0.received[1] == "one\n" ? true : nil } == true)
        try client.close()
        #expect(server.sees(.closed))
        #expect(server.events == [.accepted, .closed])
        #expect(server.seen.withLock { $0.peers[1]?.certificateNames } == [])
        #expect(server.end())
    }

    @Test func `a client with a certificate is known by its names`() throws {
        certificates.make("client", common: "web server 1", names: "DNS:web1.example.com,IP:192.0.2.7,IP:2001:db8::7")
        let server = try certificates.server(clients)
        _ = try TLSTestClient(certificates, port: server.port, own: "client")
        #expect(
            server.seen.withLock { $0.peers[1]?.certificateNames }
                == ["web1.example.com", "192.0.2.7", "2001:db8::7", "web server 1"])
        #expect(server.end())
    }

    @Test(arguments: [TLSTestVersion.v12, .v13]) func `a client without certificate is refused where one is asked for`(
        _ version: TLSTestVersion
    ) throws {
        let server = try certificates.server(clients)
        #expect(throws: (any Error).self) { try TLSTestClient(certificates, port: server.port, latest: version.latest) }
        try expectFailure("the client showed no certificate, and `tls.client_ca` asks for one", server)
    }

    @Test func `a certificate of another authority is refused`() throws {
        certificates.makeAuthority("other")
        certificates.make("client", common: "client", by: "other")
        let server = try certificates.server(clients)
        #expect(throws: (any Error).self) { try TLSTestClient(certificates, port: server.port, own: "client") }
        try expectFailure("the client's certificate for `client` does not lead to an authority in `tls.client_ca`", server)
    }

    @Test func `an expired certificate is refused, and one of tomorrow`() throws {
        certificates.make("old", common: "old", from: "20200101000000Z", to: "20210203000000Z")
        certificates.make("new", common: "new", from: "20900405000000Z", to: "20910101000000Z")
        let server = try certificates.server(clients)
        #expect(throws: (any Error).self) { try TLSTestClient(certificates, port: server.port, own: "old") }
        #expect(server.sees(.handshakeFailed("the client's certificate for `old` expired on 2021-02-03")))
        #expect(throws: (any Error).self) { try TLSTestClient(certificates, port: server.port, own: "new") }
        #expect(server.sees(.handshakeFailed("the client's certificate for `new` is not valid before 2090-04-05")))
        #expect(server.end())
    }

    @Test func `only permitted names are let in`() throws {
        certificates.make("client", common: "client", names: "DNS:a.dmz.example.com")
        let refusing = try certificates.server(permitting("web1.example.com", "*.example.com"))
        #expect(throws: (any Error).self) { try TLSTestClient(certificates, port: refusing.port, own: "client") }
        try expectFailure(
            "the client's certificate is for `a.dmz.example.com`, `client`, which `tls.permitted_names` does not name", refusing)
        for name in ["a.dmz.example.com", "*.dmz.example.com", "client"] {
            let letting = try certificates.server(permitting("web1.example.com", name))
            #expect(throws: Never.self) { try TLSTestClient(certificates, port: letting.port, own: "client") }
            #expect(letting.end())
        }
    }

    @Test func `a peer with older TLS than is wanted is refused`() throws {
        let server = try certificates.server([("min_version", .text("1.3"))])
        #expect(throws: (any Error).self) { try TLSTestClient(certificates, port: server.port, latest: .tlsv12) }
        try expectFailure("the peer speaks no version of TLS from `tls.min_version` (1.3) on", server)
        let usual = try certificates.server()
        #expect(throws: Never.self) { try TLSTestClient(certificates, port: usual.port, latest: .tlsv12) }
        #expect(throws: (any Error).self) { try TLSTestClient(certificates, port: usual.port, latest: .tlsv11) }
        try expectFailure("the peer speaks no version of TLS from `tls.min_version` (1.2) on", usual)
    }

    @Test func `a peer that does not trust our certificate is told of`() throws {
        certificates.makeAuthority("other")
        let server = try certificates.server()
        #expect(throws: (any Error).self) { try TLSTestClient(certificates, port: server.port, authority: "other") }
        try expectFailure("the peer does not trust our certificate: it does not know the authority that signed it", server)
    }

    @Test(arguments: [
        ("<13>Oct  9 22:33:20 host app: message\n", "the peer does not speak TLS"),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "the peer does not speak TLS but HTTP"),
    ])
    func `a peer that speaks something else is told of`(_ bytes: String, _ reason: String) throws {
        let server = try certificates.server()
        let client = try TestClient(port: server.port)
        client.send(bytes)
        #expect(client.isClosed())
        try expectFailure(reason, server)
        #expect(server.seen.withLock { $0.received.isEmpty })
    }

    @Test func `a handshake that does not go on is closed`() throws {
        let server = try certificates.server([("handshake_timeout", .text("200ms"))])
        let (silent, begun) = (try TestClient(port: server.port), try TestClient(port: server.port))
        begun.send([0x16, 0x03, 0x01])
        #expect(silent.isClosed())
        #expect(begun.isClosed())
        #expect(server.sees(.timedOut(.handshake), times: 2))
        #expect(server.says("closed: no TLS handshake for `tls.handshake_timeout` (200ms)"))
        #expect(server.end())
    }

    @Test func `a peer that goes away in the handshake is told of, one that only looks is not`() throws {
        let server = try certificates.server()
        try TestClient(port: server.port).close()
        #expect(server.sees(.closed))
        #expect(server.events == [.accepted, .closed])
        let begun = try TestClient(port: server.port)
        begun.send([0x16, 0x03, 0x01])
        begun.close()
        try expectFailure("the peer closed the connection in the middle of it", server)
    }

    @Test func `a connection that breaks off without the farewell of TLS is no fault`() throws {
        let server = try certificates.server()
        let client = try TLSTestClient(certificates, port: server.port)
        try client.cut()
        #expect(server.sees(.closed))
        #expect(server.events == [.accepted, .closed])
        #expect(server.end())
    }

    @Test func `a proxy's header stands before the handshake`() throws {
        let server = try certificates.server([], [("proxy_protocol", .text("true"))])
        let client = try TLSTestClient(
            certificates, port: server.port, before: "PROXY TCP4 192.0.2.1 198.51.100.7 5140 6514\r\n")
        try client.send("one\n")
        #expect(server.wait { $0.received[1] == "one\n" ? true : nil } == true)
        #expect(server.seen.withLock { $0.peers[1]?.peer } == "192.0.2.1")
        #expect(server.end())
    }

    private func expectFailure(_ reason: String, _ server: RunningServer) throws {
        #expect(server.sees(.handshakeFailed(reason)), "\(server.events)")
        #expect(server.says("warning: TLS handshake with 127.0.0.1 at tls://127.0.0.1:\(server.port) failed: \(reason)"))
        #expect(server.sees(.closed))
        #expect(server.end())
    }
}
