import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceNetwork
import SluiceTestKit
import Testing

@testable import SluiceInputs

/// Who is let in.
@Suite struct ForwardHandshakeInputTests {
    static let key: (key: String, value: OptionValues.Value) = ("shared_key", .text("secret"))
    static let users: (key: String, value: OptionValues.Value) = ("users", .text("anna:a\nbert:b:c\n"))

    /// The next value that the input says.
    static func message(_ peer: TestPeer) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while MessagePackValue(bytes) == nil {
            let more = try #require(peer.read(1))
            guard !more.isEmpty else { return bytes }
            bytes += more
        }
        return bytes
    }

    /// Shakes hands; answers what the client says of it.
    static func shake(_ peer: TestPeer, key: String = "secret", user: ForwardSecret.User? = nil, with: [UInt8] = []) throws -> String {
        var visitor = ForwardVisitor(ForwardSecret(sharedKey: key, hostname: "client"), user: user)
        do throws(ForwardVisitor.Fault) {
            let greeting = (try? Self.message(peer)) ?? []
            peer.send(try visitor.answer(greeting) + with)
            try visitor.check((try? Self.message(peer)) ?? [])
            return "welcome"
        } catch {
            return error.reason
        }
    }

    @Test func `who knows the key may send`() throws {
        let input = try ForwardFixture([Self.key, ("self_hostname", .text("server"))])
        let peer = try input.connect()
        #expect(try Self.shake(peer, with: packed("93 a1 't' 01 81 a1 'n' 01")) == "welcome")
        peer.send(packed("93 a1 't' 91 92 01 81 a1 'n' 02 81 a5 'chunk' a1 'c'"))
        #expect(peer.read(7) == packed("81 a3 'ack' a1 'c'"))
        #expect(input.events(2) == [number(1), number(2)])
    }

    @Test func `users are asked for on top of it`() throws {
        let input = try ForwardFixture([Self.key, Self.users])
        #expect(try Self.shake(try input.connect(), user: .init(name: "anna", password: "a")) == "welcome")
        #expect(try Self.shake(try input.connect(), user: .init(name: "bert", password: "b:c")) == "welcome")
        #expect(
            try Self.shake(try input.connect(), user: .init(name: "anna", password: "b:c")) == "it refuses us: username/password mismatch")
        #expect(try Self.shake(try input.connect()) == "it asks for a user; give `username` and `password`")
        input.counts(.authenticationFailures, 1)
    }

    @Test func `who does not know it is told so, counted and closed, and nothing of theirs is taken`() throws {
        let input = try ForwardFixture([Self.key])
        let peer = try input.connect()
        let event = packed("93 a1 't' 01 81 a1 'n' 01")
        #expect(try Self.shake(peer, key: "other", with: event) == "it refuses us: shared_key mismatch")
        #expect(peer.rest() == [])
        let eager = try input.connect()
        eager.send(event)
        let said = try #require(eager.rest())
        #expect(String(decoding: said, as: UTF8.self).contains("the handshake was not answered with PING"))
        input.counts(.authenticationFailures, 2)
        #expect(input.session.state.withLock { $0.sent.flatMap(\.messages) } == [])
        #expect(input.warnings.count == 1 && input.warnings[0].hasSuffix("closed: shared_key mismatch"))
    }

    @Test func `a stranger gets no room`() throws {
        let input = try ForwardFixture([Self.key])
        let peer = try input.connect()
        peer.send(packed("92 a1 't' c6 01000000"))
        #expect(peer.rest() != nil)
        input.counts(.chunksRefused, 1)
        #expect(input.warnings[0].contains("more than 8192 bytes"))
    }

    @Test func `who does not answer is closed in time`() throws {
        let input = try ForwardFixture([Self.key, ("stall_timeout", .text("50ms"))])
        let peer = try input.connect()
        #expect(peer.rest() != nil)
        #expect(input.session.counter(.connectionsTimedOut) == 1)
    }

    @Test func `a handshake byte by byte is one`() throws {
        let input = try ForwardFixture([Self.key])
        let peer = try input.connect()
        var visitor = ForwardVisitor(ForwardSecret(sharedKey: "secret", hostname: "client"), user: nil)
        for byte in try visitor.answer(try Self.message(peer)) { peer.send([byte]) }
        try visitor.check(try Self.message(peer))
    }

    @Test(
        arguments: [
            ([users], "`users` of input `forward` needs a `shared_key`: the protocol asks for users only behind it"),
            ([key, ("users", .text("anna"))], "line 1 of `users` of input `forward` is not `NAME:PASSWORD`"),
            ([key, ("users", .text("a:b\n:c"))], "line 2 of `users` of input `forward` is not `NAME:PASSWORD`"),
            ([key, ("users", .text("a:b\na:c"))], "`users` of input `forward` names `a` twice"),
            ([("self_hostname", .text("x"))], "`self_hostname` of input `forward` says nothing without a `shared_key`"),
        ] as [([(key: String, value: OptionValues.Value)], String)])
    func `options that do not go together are refused`(
        options: [(key: String, value: OptionValues.Value)], expected: String
    ) {
        let error = #expect(throws: ConfigError.self) {
            _ = try makeInput("forward", options + [("listen", .text("tcp://127.0.0.1:0"))])
        }
        #expect(error?.message == expected)
    }

    @Test func `a port of its own is taken when none is named`() throws {
        let specs = ForwardSetting.options
        let values = try OptionValues([("listen", "tcp://127.0.0.1")], of: specs, component: "input `forward`")
        let setting = try ForwardSetting(values, InputSetting(name: "x", folder: "/", zone: .utc))
        #expect(setting.listen.addresses.map(\.text) == ["tcp://127.0.0.1:24224"])
        #expect(setting.chunkBytesMax == 64 << 20 && setting.pendingBytesMax == 256 << 20 && !setting.answersHeartbeats)
    }
}
