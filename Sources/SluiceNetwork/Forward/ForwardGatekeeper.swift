/// The server's side of the handshake of Fluent's forward protocol (specification v1, “handshake messages”). Pure: bytes in, bytes out.
///
/// ```
///  server                                                              client
///    │ ["HELO", {nonce, auth, keepalive}]                                │
///    ├──────────────────────────────────────────────────────────────────►│
///    │ ["PING", hostname, salt, sha512(salt hostname nonce key),         │
///    │                    user, sha512(auth user password)]              │
///    │◄──────────────────────────────────────────────────────────────────┤
///    │ ["PONG", true, "", hostname, sha512(salt hostname nonce key)]     │
///    ├──────────────────────────────────────────────────────────────────►│
/// ```
package struct ForwardGatekeeper: Sendable {
    /// What became of a client's answer.
    package enum Verdict: Equatable, Sendable {
        /// It is let in.
        case welcome(answer: [UInt8])
        /// It is not; the reason is for the log and stands in the answer.
        case refused(answer: [UInt8], reason: String)
    }

    /// Bytes that an answer may have.
    package static let answerBytesMax = 8_192

    private let secret: ForwardSecret
    private let users: [ForwardSecret.User]
    private let nonce: [UInt8]
    private let salt: [UInt8]

    /// A gatekeeper for one connection; without `users` the shared key is enough.
    package init(_ secret: ForwardSecret, users: [ForwardSecret.User]) {
        self.init(secret, users: users, nonce: ForwardSecret.salt(), salt: ForwardSecret.salt())
    }

    init(_ secret: ForwardSecret, users: [ForwardSecret.User], nonce: [UInt8], salt: [UInt8]) {
        self.secret = secret
        self.users = users
        self.nonce = nonce
        self.salt = salt
    }

    /// What the client is greeted with.
    package var greeting: [UInt8] {
        let options: [MessagePackValue.Member] = [
            .init(.text("nonce"), .text(nonce)), .init(.text("auth"), .text(users.isEmpty ? [] : salt)),
            .init(.text("keepalive"), .boolean(true)),
        ]
        return MessagePackValue.array([.text("HELO"), .map(options)]).encoded
    }

    /// Looks at the first message of the client.
    package func look(_ message: [UInt8]) -> Verdict {
        guard case .array(let items)? = MessagePackValue(message), items.count >= 6, items[0] == .text("PING"),
            let hostname = items[1].bytes, let keySalt = items[2].bytes, let keyProof = items[3].bytes, let name = items[4].bytes,
            let passwordProof = items[5].bytes
        else { return refused("the handshake was not answered with PING") }
        guard ForwardSecret.isSame(keyProof, secret.proof(of: hostname, salt: keySalt, nonce: nonce)) else {
            return refused("shared_key mismatch")
        }
        guard users.isEmpty || isKnown(name, passwordProof) else { return refused("username/password mismatch") }
        let own = Array(secret.hostname.utf8)
        let proof = secret.proof(of: own, salt: keySalt, nonce: nonce)
        return .welcome(
            answer: MessagePackValue.array([.text("PONG"), .boolean(true), .text(""), .text(own), .text(proof)]).encoded)
    }

    /// Whether one of the users has this name and password. All are compared, so that the time says nothing of who is there.
    private func isKnown(_ name: [UInt8], _ proof: [UInt8]) -> Bool {
        var isKnown = false
        for user in users {
            let isName = ForwardSecret.isSame(name, Array(user.name.utf8))
            let isProof = ForwardSecret.isSame(proof, ForwardSecret.digest(salt, name, Array(user.password.utf8)))
            if isName, isProof { isKnown = true }
        }
        return isKnown
    }

    private func refused(_ reason: String) -> Verdict {
        let answer = MessagePackValue.array([.text("PONG"), .boolean(false), .text(reason), .text(""), .text("")]).encoded
        return .refused(answer: answer, reason: reason)
    }
}
