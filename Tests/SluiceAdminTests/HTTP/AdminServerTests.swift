import SluiceComponent
import Synchronization
import Testing

@testable import SluiceAdmin

@Suite struct AdminServerTests {
    @Test func `the control socket answers every route`() throws {
        let fixture = try ServerFixture()
        #expect(try fixture.send("GET", "/healthz") == .init(status: 200, body: Array("{\"serving\":true}\n".utf8)))
        #expect(try fixture.send("GET", "/status").text == StatusFixture.busy.json + "\n")
        #expect(try fixture.send("POST", "/reload").status == 200)
        #expect(try fixture.send("POST", "/dead-letters/redrive", body: "1\n2\n").status == 200)
        #expect(try fixture.send("POST", "/reopen").text == "{\"reopened\":true}\n")
        #expect(fixture.control.recorded == [.reload(dryRun: false), .redrive(.ids([1, 2])), .reopen])
    }

    @Test func `what is not there and what is not possible is said`() throws {
        let fixture = try ServerFixture()
        #expect(try fixture.send("GET", "/nothing") == .init(status: 404, body: Array("there is no `/nothing`\n".utf8)))
        #expect(try fixture.send("GET", "/reload") == .init(status: 405, body: Array("`GET` is not possible here; use POST\n".utf8)))
        #expect(fixture.control.recorded == [])
    }

    @Test func `one connection carries several requests`() throws {
        let fixture = try ServerFixture()
        let peer = fixture.peer()
        for _ in 0..<3 {
            peer.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(peer.read(until: "stale_rules").hasPrefix("HTTP/1.1 503"))
        }
    }

    @Test func `a handler that blocks keeps nobody else waiting`() throws {
        let gate = Monitor(false)
        let entered = Monitor(0)
        var limits = AdminLimits()
        limits.handlersMax = 2
        limits.requestsWaitingMax = 1
        let fixture = try ServerFixture(
            limits: limits,
            routes: [
                AdminRoute("GET", "/block", isReadOnly: true) { _ in
                    entered.notify { $0 += 1 }
                    _ = gate.wait { $0 ? true : nil }
                    return .text("done\n")
                }
            ])
        let blocked = (0..<2).map { _ in
            let peer = fixture.peer()
            peer.send("GET /block HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return peer
        }
        _ = entered.wait { $0 == 2 ? true : nil }
        let waiting = fixture.peer()
        waiting.send("GET /block HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        // The loop is one thread: when it has answered this, it has taken the request above.
        #expect(try fixture.send("GET", "/healthz").status == 200)
        #expect(try fixture.send("GET", "/block").status == 503)
        gate.notify { $0 = true }
        for peer in blocked + [waiting] { #expect(peer.readToEnd().hasSuffix("\r\n\r\ndone\n")) }
    }

    @Test func `an answer can be streamed until nobody reads any more`() throws {
        let ended = Monitor(false)
        let fixture = try ServerFixture(routes: [
            AdminRoute("GET", "/numbers", isReadOnly: true) { _ in
                AdminResponse(
                    status: 200, contentType: "text/plain",
                    body: .stream { stream in
                        var number = 0
                        while stream.write(Array("number \(number)\n".utf8)) { number += 1 }
                        ended.notify { $0 = true }
                    })
            }
        ])
        do {
            let peer = fixture.peer()
            peer.send("GET /numbers HTTP/1.1\r\nHost: x\r\n\r\n")
            let text = peer.read(until: "number 100\n")
            #expect(text.contains("transfer-encoding: chunked") && text.contains("number 0\n"))
        }
        #expect(ended.wait(until: MonotonicClock.now + 10_000_000_000) { $0 ? true : nil } == true)
    }

    @Test func `a streamed answer has an end`() throws {
        let fixture = try ServerFixture(routes: [
            AdminRoute("GET", "/lines", isReadOnly: true) { _ in
                AdminResponse(
                    status: 200, contentType: "text/plain",
                    body: .stream { stream in for number in 0..<1000 { _ = stream.write(Array("\(number)\n".utf8)) } })
            }
        ])
        let expected = (0..<1000).map { "\($0)\n" }.joined()
        for _ in 0..<6 { #expect(try fixture.send("GET", "/lines").text == expected) }
    }

    @Test func `stopping ends streams, connections and the name of the socket`() throws {
        let fixture = try ServerFixture(routes: [
            AdminRoute("GET", "/forever", isReadOnly: true) { _ in
                AdminResponse(
                    status: 200, contentType: "text/plain", body: .stream { stream in while stream.write(Array("more\n".utf8)) {} })
            }
        ])
        let peer = fixture.peer()
        peer.send("GET /forever HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(peer.read(until: "more\n").contains("more\n"))
        fixture.server.stop()
        #expect(throws: AdminError(.notRunning, "the service is not running: no socket at `\(fixture.path)`")) {
            try fixture.send("GET", "/healthz")
        }
    }
}
