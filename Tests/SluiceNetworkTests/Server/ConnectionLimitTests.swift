import Glibc
import SluiceComponent
import SluiceConfig
import SluiceNetwork
import Testing

struct ConnectionLimitTests {
    private func server(_ options: (String, OptionValues.Value)...) throws -> RunningServer {
        try RunningServer([("listen", .text("tcp://127.0.0.1:0"))] + options.map { (key: $0.0, value: $0.1) })
    }

    @Test func `one connection too many is closed at once, and makes room when another ends`() throws {
        let server = try server(("connections_max", .text("2")))
        let first = try TestClient(port: server.port)
        let second = try TestClient(port: server.port)
        #expect(first.line() == "hello")
        #expect(second.line() == "hello")
        #expect(try TestClient(port: server.port).isClosed())
        #expect(server.sees(.refused(.tooMany)))
        #expect(server.says("warning: connection of 127.0.0.1 at tcp://127.0.0.1:\(server.port) refused: `connections_max` (2) are open"))
        first.close()
        #expect(server.sees(.closed))
        #expect(try TestClient(port: server.port).line() == "hello")
        #expect(server.end())
    }

    @Test func `a peer has its own limit`() throws {
        let server = try server(("connections_per_peer_max", .text("1")))
        let first = try TestClient(port: server.port)
        #expect(first.line() == "hello")
        #expect(try TestClient(port: server.port).isClosed())
        #expect(server.sees(.refused(.tooManyOfPeer)))
        #expect(server.says("refused: `connections_per_peer_max` (1) of it are open"))
        first.close()
        #expect(server.sees(.closed))
        #expect(try TestClient(port: server.port).line() == "hello")
        #expect(server.end())
    }

    @Test func `only those that allow names are let in`() throws {
        let refusing = try server(("allow", .texts(["192.0.2.0/24", "::1"])))
        #expect(try TestClient(port: refusing.port).isClosed())
        #expect(refusing.sees(.refused(.notAllowed)))
        #expect(refusing.says("refused: `allow` does not name it"))
        #expect(refusing.events == [.refused(.notAllowed)])
        #expect(refusing.end())
        let letting = try server(("allow", .texts(["192.0.2.0/24", "127.0.0.0/8"])))
        #expect(try TestClient(port: letting.port).line() == "hello")
        #expect(letting.end())
    }

    @Test func `a frame that does not end is closed, also when bytes drip in`() throws {
        let server = try server(("stall_timeout", .text("200ms")))
        let (silent, dripping) = (try TestClient(port: server.port), try TestClient(port: server.port))
        silent.send("begun")
        let drip = WorkerThread("drip") { [stop = server.stop, descriptor = dripping.descriptor] in
            for _ in 0..<400 where !stop.wait(nanoseconds: 25_000_000) { send(descriptor, "x", 1, Int32(MSG_NOSIGNAL)) }
        }
        #expect(silent.line() == "hello")
        #expect(silent.isClosed())
        #expect(server.sees(.timedOut(.frame), times: 2))
        #expect(server.says("closed: a frame stayed open for `stall_timeout` (200ms)"))
        #expect(server.end())
        drip.join()
    }

    @Test func `a stream of frames and silence between them do not stall`() throws {
        let server = try server(("stall_timeout", .text("1s")))
        let client = try TestClient(port: server.port)
        // Every read ends in the middle of a frame, and brings the end of the one before.
        for _ in 0..<15 {
            client.send("end\nbegin")
            #expect(!server.stop.wait(nanoseconds: 100_000_000))
        }
        client.send("end\n")
        #expect(!server.stop.wait(nanoseconds: 1_500_000_000))
        #expect(server.events == [.accepted])
        #expect(server.end())
    }

    @Test func `a connection that brings nothing is closed`() throws {
        let server = try server(("idle_timeout", .text("200ms")))
        let client = try TestClient(port: server.port)
        client.send("one\n")
        #expect(client.line() == "hello")
        #expect(client.isClosed())
        #expect(server.sees(.closed))
        #expect(server.events == [.accepted, .timedOut(.idle), .closed])
        #expect(server.says("closed: nothing came for `idle_timeout` (200ms)"))
        #expect(server.end())
    }

    @Test func `a flood of refused connections is a few lines in the log`() throws {
        let server = try server(("allow", .texts(["192.0.2.0/24"])))
        for _ in 0..<200 { #expect(try TestClient(port: server.port).isClosed()) }
        #expect(server.sees(.refused(.notAllowed), times: 200))
        #expect(server.seen.withLock { $0.log.count { $0.hasPrefix("warning") } } <= 10)
        #expect(server.end())
    }
}
