import Glibc
import SluiceComponent
import SluiceConfig
import SluiceNetwork
import Testing

struct StreamServerTests {
    private let anywhere = "tcp://127.0.0.1:0"

    @Test func `connections of TCP are greeted and heard`() throws {
        let server = try RunningServer([("listen", .text(anywhere))])
        let client = try TestClient(port: server.port)
        client.send("one\ntwo\n")
        #expect(client.line() == "hello")
        client.close()
        #expect(server.sees(.closed))
        #expect(server.events == [.accepted, .closed])
        #expect(server.wait { $0.received[1] == "one\ntwo\n" ? true : nil } == true)
        let peer = server.seen.withLock { $0.peers[1] }
        #expect(peer?.peer == "127.0.0.1")
        #expect((peer?.port ?? 0) > 0)
        #expect(peer?.credentials == nil)
        #expect(server.end())
    }

    @Test func `several addresses and both versions of IP are listened on at once`() throws {
        let folder = NetworkFolder()
        let server = try RunningServer(
            [("listen", .texts([anywhere, "tcp://[::1]:0", "unix:a.sock"]))], folder: folder.path)
        let addresses = server.addresses
        #expect(addresses.map(\.host) == ["127.0.0.1", "::1", nil])
        let clients = [
            try TestClient(port: addresses[0].port ?? 0), try TestClient(port: addresses[1].port ?? 0, host: "::1"),
            try TestClient(path: "\(folder.path)/a.sock"),
        ]
        for client in clients { #expect(client.line() == "hello") }
        let peers = server.seen.withLock { $0.peers }
        #expect(Set(peers.values.map { $0.peer ?? "none" }) == ["127.0.0.1", "::1", "none"])
        let local = peers.values.first { $0.peer == nil }
        #expect(local?.credentials == PeerCredentials(process: getpid(), user: getuid(), group: getgid()))
        #expect(server.end())
        for client in clients { #expect(client.isClosed()) }
        #expect(server.events.count { $0 == .closed } == 3)
        #expect(!folder.exists("a.sock"))
    }

    @Test func `a name listens on all its addresses`() throws {
        let server = try RunningServer([("listen", .text("tcp://localhost:0"))])
        #expect(Set(server.addresses.map(\.port)).count == 1)
        for address in server.addresses {
            #expect(try TestClient(port: server.port, host: address.host ?? "").line() == "hello")
        }
        #expect(server.end())
    }

    /// A server on addresses with a port that was free just now; another test may take it in between, which is tried again.
    private func serverOnFreePort(_ addresses: (Int) -> [String]) throws -> RunningServer {
        var attempts = 5
        while true {
            let probe = try RunningServer([("listen", .text("tcp://0.0.0.0:0"))])
            let port = probe.port
            probe.end()
            do {
                return try RunningServer([("listen", .texts(addresses(port)))])
            } catch let error as NetworkError where error.code == .inUse && attempts > 1 {
                attempts -= 1
            }
        }
    }

    @Test func `IPv4 and IPv6 may share a port`() throws {
        let server = try serverOnFreePort { ["tcp://0.0.0.0:\($0)", "tcp://[::]:\($0)"] }
        #expect(try TestClient(port: server.port).line() == "hello")
        #expect(try TestClient(port: server.port, host: "::1").line() == "hello")
        #expect(server.end())
    }

    @Test func `a port in use is an error that says so`() throws {
        let server = try RunningServer([("listen", .text(anywhere))])
        let text = "tcp://127.0.0.1:\(server.port)"
        #expect(
            throws: NetworkError(
                .inUse,
                "cannot listen on \(text): address already in use; another program (often rsyslog or syslog-ng) listens there: stop it, or choose another port"
            )
        ) { try RunningServer([("listen", .text(text))]) }
        #expect(server.end())
    }

    @Test func `of several addresses all are had or none`() throws {
        let folder = NetworkFolder()
        let server = try RunningServer([("listen", .text(anywhere))])
        #expect(throws: NetworkError.self) {
            try RunningServer([("listen", .texts(["unix:a.sock", "tcp://127.0.0.1:\(server.port)"]))], folder: folder.path)
        }
        #expect(!folder.exists("a.sock"))
        #expect(server.end())
    }

    @Test func `an address of another machine is an error that says so`() {
        #expect(
            throws: NetworkError(
                .addressNotAvailable,
                "cannot listen on tcp://192.0.2.1:601: no interface of this machine has this address; 0.0.0.0 and [::] stand for all that it has"
            )
        ) { try RunningServer([("listen", .text("tcp://192.0.2.1:601"))]) }
    }

    @Test func `a name without address is an error that says so`() {
        #expect {
            try RunningServer([("listen", .text("tcp://no-such-host.invalid:601"))])
        } throws: { error in
            let error = error as? NetworkError
            return error?.code == .unresolvable
                && error?.message.hasPrefix(
                    "cannot listen on tcp://no-such-host.invalid:601: the name `no-such-host.invalid` has no address: ")
                    == true
        }
    }

    @Test func `without the right to a low port the capability is named`() {
        let error = NetworkError.listening(on: .tcp(host: "0.0.0.0", port: 514), number: EACCES)
        #expect(
            error
                == NetworkError(
                    .notPermitted,
                    "cannot listen on tcp://0.0.0.0:514: permission denied; ports below 1024 need root or the capability CAP_NET_BIND_SERVICE "
                        + "(`AmbientCapabilities=CAP_NET_BIND_SERVICE` in the service's unit)"))
    }

    @Test func `a reset is counted and ends one connection`() throws {
        let server = try RunningServer([("listen", .text(anywhere))])
        let (bad, good) = (try TestClient(port: server.port), try TestClient(port: server.port))
        #expect(bad.line() == "hello")
        bad.reset()
        #expect(server.sees(.broken("connection reset by peer")))
        #expect(good.line() == "hello")
        good.send("still here\n")
        #expect(server.wait { $0.received.values.contains("still here\n") ? true : nil } == true)
        #expect(server.end())
    }

    @Test func `a protocol that does not want a connection ends that one`() throws {
        let server = try RunningServer([("listen", .text(anywhere))], refusing: true)
        #expect(try TestClient(port: server.port).isClosed())
        #expect(server.sees(.closed))
        #expect(server.events.count == 3)
        #expect(server.end())
    }

    @Test func `stopping closes what is open in time, half-open peers too`() throws {
        let server = try RunningServer([("listen", .text(anywhere))])
        let clients = try (0..<50).map { _ in try TestClient(port: server.port) }
        for (number, client) in clients.enumerated() where number % 2 == 0 { client.finish() }
        #expect(server.sees(.accepted, times: 50))
        #expect(server.end())
        #expect(server.events.count { $0 == .closed } == 50)
        for client in clients { #expect(client.isClosed()) }
    }

    @Test func `a listening socket that reports an error is listened on again`() throws {
        // A port that the system chose would be another one then.
        let server = try serverOnFreePort { ["tcp://127.0.0.1:\($0)"] }
        #expect(try TestClient(port: server.port).line() == "hello")
        // The end of receiving is an error for whoever accepts, and ends the channel.
        for descriptor in 3..<Int32(4_096) where isListening(descriptor, port: server.port) { shutdown(descriptor, Int32(SHUT_RD)) }
        #expect(
            server.says("error: tcp://127.0.0.1:\(server.port) cannot accept connections: the socket reported an error; it is tried again"))
        let end = RunningServer.deadline()
        while (try? TestClient(port: server.port))?.line() != "hello" {
            try #require(MonotonicClock.now < end, "nobody listens again")
            _ = server.stop.wait(nanoseconds: 20_000_000)
        }
        #expect(server.end())
    }

    private func isListening(_ descriptor: Int32, port: Int) -> Bool {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value == 1
            && ResolvedAddress(of: descriptor)?.port == port
    }

    @Test func `the limit of open files makes room for the connections`() throws {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var before = rlimit()
        getrlimit(resource, &before)
        // Few enough to need more, and enough for the tests beside this one.
        var low = rlimit(rlim_cur: min(4_096, before.rlim_max), rlim_max: before.rlim_max)
        setrlimit(resource, &low)
        defer { setrlimit(resource, &before) }
        let connections = min(8_000, Int(before.rlim_max) - 256)
        let server = try RunningServer([("listen", .text(anywhere)), ("connections_max", .text("\(connections)"))])
        var after = rlimit()
        getrlimit(resource, &after)
        #expect(after.rlim_cur == connections + 256)
        #expect(after.rlim_max == before.rlim_max)
        #expect(server.end())
        let much = try RunningServer([("listen", .text(anywhere)), ("connections_max", .text("9999999"))])
        #expect(before.rlim_max > 10_000_000 || much.says("warning: `connections_max` is 9999999, but this process may have only"))
        #expect(much.end())
    }
}
