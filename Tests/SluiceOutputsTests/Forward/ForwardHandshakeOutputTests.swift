import NIOCore
import SluiceComponent
import SluiceConfig
import SluiceNetwork
import SluiceTestKit
import Testing

@testable import SluiceOutputs

/// Receivers that ask for a key.
@Suite struct ForwardHandshakeOutputTests {
    private let folder = OutputFolder()
    private static let key: [(String, OptionValues.Value)] = [("shared_key", .text("secret")), ("self_hostname", .text("client"))]

    /// A receiver that greets, looks at the answer, and acknowledges one chunk if it lets the sender in. Answers what it saw.
    static func receive(_ peer: LoopbackPeer, key: String = "secret", users: [ForwardSecret.User] = [], hostname: String = "server")
        -> String
    {
        var receiver = ForwardReceiver(peer.accept())
        let gatekeeper = ForwardGatekeeper(ForwardSecret(sharedKey: key, hostname: hostname), users: users)
        receiver.write(gatekeeper.greeting)
        guard let answer = receiver.message() else { return "nothing" }
        switch gatekeeper.look(answer.encoded) {
        case .refused(let answer, let reason):
            receiver.write(answer)
            return reason
        case .welcome(let answer):
            receiver.write(answer)
            let chunk = receiver.chunk()
            receiver.acknowledge(chunk)
            return chunk?.tag ?? "no chunk"
        }
    }

    /// What the receiver saw, and the error of the sender.
    private func attempt(
        _ options: [(String, OptionValues.Value)], _ receive: @escaping @Sendable (LoopbackPeer) -> String
    ) throws -> (receiver: String, sender: String?) {
        let peer = LoopbackPeer()
        let receiver = Call { receive(peer) }
        let call = ForwardAttempt(try folder.forward(peer.address, options: options), entries(("t", [1])))
        let error = call.attempt()?.message
        try call.output.close()
        return (receiver.wait(), error?.replacing(peer.address + ": ", with: ""))
    }

    @Test func `who asks for the key is shown it`() throws {
        #expect(try attempt(Self.key) { Self.receive($0) } == ("t", nil))
    }

    @Test func `users are shown as well`() throws {
        let options = Self.key + [("username", .text("anna")), ("password", .text("a"))]
        let user = ForwardSecret.User(name: "anna", password: "a")
        #expect(try attempt(options) { Self.receive($0, users: [user]) } == ("t", nil))
        #expect(
            try attempt(Self.key) { Self.receive($0, users: [user]) }
                == ("nothing", "no handshake with the receiver: it asks for a user; give `username` and `password`"))
        let other = ForwardSecret.User(name: "anna", password: "b")
        #expect(
            try attempt(options) { Self.receive($0, users: [other]) }
                == ("username/password mismatch", "no handshake with the receiver: it refuses us: username/password mismatch"))
    }

    @Test func `another key is told of by both`() throws {
        #expect(
            try attempt(Self.key) { Self.receive($0, key: "other") }
                == ("shared_key mismatch", "no handshake with the receiver: it refuses us: shared_key mismatch"))
    }

    @Test func `a receiver with our name is refused`() throws {
        let (_, error) = try attempt(Self.key) { Self.receive($0, hostname: "client") }
        #expect(
            error == "no handshake with the receiver: it has the same name as we, `client`; give one of the two another `self_hostname`")
    }

    @Test func `a receiver that asks for a key that we have not is told of`() throws {
        let (_, error) = try attempt([]) { peer in
            let receiver = ForwardReceiver(peer.accept())
            receiver.write(ForwardGatekeeper(ForwardSecret(sharedKey: "k", hostname: "server"), users: []).greeting)
            return "\(receiver.connection.readAll().isEmpty)"
        }
        #expect(error == "the receiver asks for a key; give `shared_key`")
    }

    @Test func `a receiver that greets nobody is given up in time`() throws {
        let (_, error) = try attempt(Self.key + [("connect_timeout", .text("100ms"))]) { peer in
            "\(ForwardReceiver(peer.accept()).connection.readAll().isEmpty)"
        }
        #expect(error == "the receiver greets nobody with HELO: it asks for no `shared_key`")
    }

    @Test func `a receiver that ends in the middle is told of`() throws {
        let (_, error) = try attempt(Self.key) { peer in
            let receiver = ForwardReceiver(peer.accept())
            receiver.connection.finish()
            receiver.connection.close()
            return ""
        }
        // It may be noticed while the connection is made.
        #expect(error?.hasSuffix("has closed the connection") ?? false)
    }

    /// Lets a sender in that gets one batch through before the connection ends.
    private static func greetOnce(_ peer: LoopbackPeer) -> ForwardReceiver? {
        var receiver = ForwardReceiver(peer.accept())
        let nonce: [MessagePackValue.Member] = [
            .init(.text("nonce"), .text("n")), .init(.text("auth"), .text("")), .init(.text("keepalive"), .boolean(false)),
        ]
        receiver.write(.array([.text("HELO"), .map(nonce)]))
        guard case .array(let ping)? = receiver.message(), let salt = ping[2].bytes else { return nil }
        let proof = ForwardSecret(sharedKey: "secret", hostname: "server").proof(
            of: Array("server".utf8), salt: salt, nonce: Array("n".utf8))
        receiver.write(.array([.text("PONG"), .boolean(true), .text(""), .text("server"), .text(proof)]))
        return receiver
    }

    @Test func `a receiver that takes one message a connection gets each batch on a new one`() throws {
        let peer = LoopbackPeer()
        let output = try folder.forward(peer.address, options: Self.key)
        for round in 0..<3 {
            let receiver = Call { () -> [Int] in
                guard var receiver = Self.greetOnce(peer) else { return [] }
                let chunk = receiver.chunk()
                receiver.acknowledge(chunk)
                // The sender ends the connection.
                let isOver = receiver.chunk() == nil
                return isOver ? numbers(chunk?.entries ?? []) : []
            }
            #expect(ForwardAttempt(output, entries(("t", [round]))).attempt() == nil)
            #expect(receiver.wait() == [round])
        }
        #expect(output.counter("connects") == 3)
    }

    @Test func `such a receiver is left also when sending has heard the acknowledgement`() throws {
        let peer = LoopbackPeer()
        let receiver = Call { Self.greetOnce(peer) }
        let plan = try folder.plan("forward", [("address", .texts([peer.address]))] + Self.key) as! ForwardOutputPlan
        let link = ForwardLink(plan.settings, folder.context, Dialer(plan.settings.dial, log: folder.context.log), index: nil)
        try link.open()
        let answers = try #require(receiver.wait())
        // They come before the chunks, so that no chunk has to wait for its own.
        let answer = MessagePackValue.map([.init(.text("ack"), .text("a"))]).encoded
        answers.write(Array(repeatElement(answer, count: 10_000).joined()))
        let chunk = ForwardChunk(name: Array("a".utf8), bytes: ByteBuffer(string: "chunk"), length: 17, events: 1)
        let isHeard = try eventually {
            try link.send(chunk, of: entries(("t", [1])), isAgain: false)
            return link.unacknowledged == 0
        }
        #expect(isHeard && link.hasConnection)
        try link.confirm()
        #expect(!link.hasConnection)
    }
}
