import SluiceComponent
import Testing

@testable import SluiceAdmin

/// Peers that send too much, too slowly or nonsense.
@Suite struct HostilePeerTests {
    @Test func `a header that never ends is cut off in time`() throws {
        var limits = AdminLimits()
        limits.requestNanosecondsMax = 50_000_000
        let fixture = try ServerFixture(limits: limits)
        let peer = fixture.peer()
        peer.send("GET /status HTTP/1.1\r\nX-Slow: ")
        #expect(peer.readToEnd() == "")
    }

    @Test func `a connection without any request is closed in time`() throws {
        var limits = AdminLimits()
        limits.requestNanosecondsMax = 50_000_000
        let fixture = try ServerFixture(limits: limits)
        #expect(fixture.peer().readToEnd() == "")
    }

    @Test func `a long header is refused`() throws {
        let fixture = try ServerFixture()
        let peer = fixture.peer()
        peer.send("GET /status HTTP/1.1\r\nHost: x\r\nX-Long: " + String(repeating: "x", count: 20_000) + "\r\n\r\n")
        #expect(peer.readToEnd().hasPrefix("HTTP/1.1 431 "))
    }

    @Test func `a long target is refused`() throws {
        let fixture = try ServerFixture()
        let peer = fixture.peer()
        peer.send("GET /" + String(repeating: "x", count: 200_000) + " HTTP/1.1\r\n\r\n")
        #expect(peer.readToEnd().hasPrefix("HTTP/1.1 4"))
    }

    @Test func `a body that says it is too long is not read`() throws {
        let fixture = try ServerFixture()
        let peer = fixture.peer()
        peer.send("POST /dead-letters/purge HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        let answer = peer.read(until: "bytes\n")
        #expect(answer.hasPrefix("HTTP/1.1 413 ") && answer.hasSuffix("the body of the request is longer than 1048576 bytes\n"))
        #expect(fixture.control.recorded == [])
    }

    @Test func `a body that turns out to be too long is not kept`() throws {
        var limits = AdminLimits()
        limits.bodyBytesMax = 1000
        let fixture = try ServerFixture(limits: limits)
        let peer = fixture.peer()
        peer.send("POST /dead-letters/purge HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<20 { peer.send("64\r\n" + String(repeating: "7", count: 100) + "\r\n") }
        #expect(peer.read(until: "bytes\n").hasPrefix("HTTP/1.1 413 "))
        #expect(fixture.control.recorded == [])
    }

    @Test(arguments: ["\u{16}\u{3}\u{1} a TLS hello\r\n\r\n", "GET\r\n\r\n", "hello\n\n", "GET / HTTP/9.9\r\n\r\n"])
    func `nonsense ends its connection and nothing else`(text: String) throws {
        let fixture = try ServerFixture()
        let peer = fixture.peer()
        peer.send(text)
        peer.finishSending()
        let answer = peer.readToEnd()
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400 "))
        #expect(try fixture.send("GET", "/healthz").status == 200)
    }

    @Test func `requests that do not wait for their answers are answered up to where they are`() throws {
        let fixture = try ServerFixture()
        let peer = fixture.peer()
        peer.send(String(repeating: "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", count: 50))
        #expect(peer.readToEnd().hasPrefix("HTTP/1.1 503 "))
        #expect(try fixture.send("GET", "/healthz").status == 200)
    }

    @Test func `one connection too many is closed at once and the others stay`() throws {
        var limits = AdminLimits()
        limits.connectionsMax = 3
        let fixture = try ServerFixture(limits: limits)
        let peers = (0..<3).map { _ in fixture.peer() }
        for peer in peers {
            peer.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(peer.read(until: "true}\n").hasPrefix("HTTP/1.1 200 "))
        }
        #expect(fixture.peer().readToEnd() == "")
        for peer in peers {
            peer.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(peer.read(until: "true}\n").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `a peer that hangs up in the middle of a handler harms nobody`() throws {
        let gate = Monitor(false)
        let entered = Monitor(false)
        let fixture = try ServerFixture(routes: [
            AdminRoute("GET", "/block", isReadOnly: true) { _ in
                entered.notify { $0 = true }
                _ = gate.wait { $0 ? true : nil }
                return .text(String(repeating: "x", count: 1 << 20))
            }
        ])
        do {
            let peer = fixture.peer()
            peer.send("GET /block HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = entered.wait { $0 ? true : nil }
        }
        gate.notify { $0 = true }
        #expect(try fixture.send("GET", "/healthz").status == 200)
        #expect(try fixture.send("GET", "/block").body.count == 1 << 20)
    }
}
