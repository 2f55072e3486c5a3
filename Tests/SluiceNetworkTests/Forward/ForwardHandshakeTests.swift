import Testing

@testable import SluiceNetwork

@Suite struct ForwardHandshakeTests {
    static let users = [ForwardSecret.User(name: "anna", password: "a"), ForwardSecret.User(name: "bert", password: "b")]

    static func gatekeeper(_ key: String = "secret", users: [ForwardSecret.User] = []) -> ForwardGatekeeper {
        ForwardGatekeeper(
            ForwardSecret(sharedKey: key, hostname: "server"), users: users, nonce: Array("nonce".utf8), salt: Array("auth".utf8))
    }

    static func visitor(_ key: String = "secret", user: ForwardSecret.User? = nil, hostname: String = "client") -> ForwardVisitor {
        ForwardVisitor(ForwardSecret(sharedKey: key, hostname: hostname), user: user, salt: Array("salt".utf8))
    }

    /// A handshake as a whole: what the server says of it, and what the client does.
    static func shake(_ gatekeeper: ForwardGatekeeper, _ visitor: ForwardVisitor) -> (server: String, client: String) {
        var visitor = visitor
        do throws(ForwardVisitor.Fault) {
            let answer = try visitor.answer(gatekeeper.greeting)
            let verdict = gatekeeper.look(answer)
            let (server, pong) =
                switch verdict {
                case .welcome(let answer): ("welcome", answer)
                case .refused(let answer, let reason): (reason, answer)
                }
            do throws(ForwardVisitor.Fault) {
                try visitor.check(pong)
                return (server, "welcome")
            } catch {
                return (server, error.reason)
            }
        } catch {
            return ("", error.reason)
        }
    }

    @Test func `who knows the key is let in`() {
        #expect(Self.shake(Self.gatekeeper(), Self.visitor()) == ("welcome", "welcome"))
        #expect(Self.shake(Self.gatekeeper(users: Self.users), Self.visitor(user: Self.users[1])) == ("welcome", "welcome"))
        #expect(Self.shake(Self.gatekeeper(), Self.visitor(user: Self.users[1])) == ("welcome", "welcome"))
    }

    @Test func `who does not is refused, by both`() {
        #expect(Self.shake(Self.gatekeeper(), Self.visitor("other")) == ("shared_key mismatch", "it refuses us: shared_key mismatch"))
        let stranger = ForwardSecret.User(name: "anna", password: "b")
        let nobody = ForwardSecret.User(name: "nobody", password: "a")
        for user in [stranger, nobody] {
            #expect(Self.shake(Self.gatekeeper(users: Self.users), Self.visitor(user: user)).server == "username/password mismatch")
        }
        #expect(
            Self.shake(Self.gatekeeper(users: Self.users), Self.visitor()).client
                == "it asks for a user; give `username` and `password`")
    }

    /// SHA-512 of “saltclientnoncesecret”, “authannaa” and “saltservernoncesecret”, by sha512sum.
    @Test func `proofs are those of the specification`() throws {
        var visitor = Self.visitor(user: Self.users[0])
        let answer = try visitor.answer(Self.gatekeeper(users: Self.users).greeting)
        guard case .array(let items)? = MessagePackValue(answer) else {
            Issue.record("no array")
            return
        }
        #expect(Array(items.prefix(3)) == [.text("PING"), .text("client"), .text("salt")])
        #expect(items[3] == .text(Self.clientProof) && items[4] == .text("anna") && items[5] == .text(Self.passwordProof))
        guard case .welcome(let pong) = Self.gatekeeper(users: Self.users).look(answer) else {
            Issue.record("not welcome")
            return
        }
        let expected: [MessagePackValue] = [.text("PONG"), .boolean(true), .text(""), .text("server"), .text(Self.serverProof)]
        #expect(MessagePackValue(pong) == .array(expected))
    }

    @Test func `a greeting says what it asks for`() {
        let bytes = Self.gatekeeper().greeting
        let members: [MessagePackValue.Member] = [
            .init(.text("nonce"), .text("nonce")), .init(.text("auth"), .text("")), .init(.text("keepalive"), .boolean(true)),
        ]
        #expect(MessagePackValue(bytes) == .array([.text("HELO"), .map(members)]))
        #expect(ForwardVisitor.isGreeting(bytes))
        #expect(!ForwardVisitor.isGreeting([0x81, 0xA3, 0x61, 0x63, 0x6B, 0xA1, 0x78]))
    }

    @Test func `a server that sends our own proof back is refused`() throws {
        var visitor = Self.visitor()
        let ping = try visitor.answer(Self.gatekeeper().greeting)
        guard case .array(let items)? = MessagePackValue(ping) else { return }
        let pong = MessagePackValue.array([.text("PONG"), .boolean(true), .text(""), items[1], items[3]]).encoded
        let fault = #expect(throws: ForwardVisitor.Fault.self) { try visitor.check(pong) }
        #expect(fault?.reason == "it has the same name as we, `client`; give one of the two another `self_hostname`")
    }

    @Test func `a server that does not know the key is refused`() throws {
        var visitor = Self.visitor()
        _ = try visitor.answer(Self.gatekeeper().greeting)
        let pong = MessagePackValue.array([.text("PONG"), .boolean(true), .text(""), .text("server"), .text("00")]).encoded
        let fault = #expect(throws: ForwardVisitor.Fault.self) { try visitor.check(pong) }
        #expect(fault?.reason == "it does not know the shared key")
    }

    @Test func `anything else is refused`() {
        let faulty: [MessagePackValue] = [
            .null, .array([]), .array([.text("PING")]), .array([.text("tag"), .integer(1), .map([])]),
            .array([.text("PING"), .integer(1), .text("s"), .text("d"), .text(""), .text("")]),
        ]
        for value in faulty {
            guard case .refused(_, let reason) = Self.gatekeeper().look(value.encoded) else {
                Issue.record("\(value) was let in")
                continue
            }
            #expect(reason == "the handshake was not answered with PING")
        }
        var visitor = Self.visitor()
        #expect(throws: ForwardVisitor.Fault.self) { _ = try visitor.answer(MessagePackValue.null.encoded) }
        #expect(throws: ForwardVisitor.Fault.self) { try visitor.check(MessagePackValue.null.encoded) }
    }

    @Test func `salts differ and are text`() {
        let salts = (0..<100).map { _ in ForwardSecret.salt() }
        #expect(Set(salts).count == 100)
        #expect(salts.allSatisfy { $0.count == 32 && String(validating: $0, as: UTF8.self) != nil })
    }

    @Test func `talk has limits`() {
        let deep = [UInt8](repeating: 0x91, count: 6) + [0xC0]
        #expect(MessagePackValue(deep) == nil)
        let wide = [0xDC, 0x02, 0x00] + [UInt8](repeating: 0xC0, count: 512)
        #expect(MessagePackValue(wide) == nil)
        #expect(MessagePackValue([0xC0, 0xC0]) == nil)
        for bytes in [[0xA5, 0x61], [0x92, 0x01], [0x82, 0x01, 0x02], [0xC1], []] as [[UInt8]] {
            #expect(MessagePackValue(bytes) == nil)
        }
    }

    static let clientProof =
        "1be50de88fcdae1f5a9ec876b6dec05a03596b2d7d5659d9dbbdc6bc667ccbac"
        + "885295aee591cc7189d951779e7667fc849666b14de832ed73f8434db768409c"
    static let passwordProof =
        "0a4a77fcdf6f9e3c17b852a019aec97816f4e42e658931162cae7f497952f8f7"
        + "d29cf75c04889b71af31f7aa1118542e3de3f8457afb4457ea960b849f617d1c"
    static let serverProof =
        "67bbe9fed21dc25de4ac9372adf18e23f65943304dc8687c6dd9bf0ae8b8781e"
        + "e79bf5a5087f457cfc52ba2983d451fae707d7986fc51ee3a0570cfd87632eb7"
}
