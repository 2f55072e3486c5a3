/// The client's side of the handshake of Fluent's forward protocol (``ForwardGatekeeper`` draws it). Pure: bytes in, bytes out.
package struct ForwardVisitor: Sendable {
    /// Why a server is not one to send to: a sentence's rest, lower-case and without full stop.
    package struct Fault: Error, Equatable {
        package let reason: String
    }

    private let secret: ForwardSecret
    private let user: ForwardSecret.User?
    private let salt: [UInt8]
    private var nonce: [UInt8] = []
    /// Whether the server lets a connection be used for more than one message.
    package private(set) var keepsAlive = true

    /// A visitor for one connection.
    package init(_ secret: ForwardSecret, user: ForwardSecret.User?) {
        self.init(secret, user: user, salt: ForwardSecret.salt())
    }

    init(_ secret: ForwardSecret, user: ForwardSecret.User?, salt: [UInt8]) {
        self.secret = secret
        self.user = user
        self.salt = salt
    }

    /// Whether a message is a server's greeting.
    package static func isGreeting(_ message: [UInt8]) -> Bool {
        guard case .array(let items)? = MessagePackValue(message) else { return false }
        return items.first == .text("HELO")
    }

    /// What the server's greeting is answered with.
    package mutating func answer(_ greeting: [UInt8]) throws(Fault) -> [UInt8] {
        guard case .array(let items)? = MessagePackValue(greeting), items.count >= 2, items[0] == .text("HELO") else {
            throw Fault(reason: "it did not begin with HELO, so it asks for no shared key")
        }
        nonce = items[1]["nonce"]?.bytes ?? []
        keepsAlive = items[1]["keepalive"] != .boolean(false)
        let auth = items[1]["auth"]?.bytes ?? []
        let own = Array(secret.hostname.utf8)
        var name: [UInt8] = []
        var passwordProof: [UInt8] = []
        if !auth.isEmpty {
            guard let user else { throw Fault(reason: "it asks for a user; give `username` and `password`") }
            name = Array(user.name.utf8)
            passwordProof = ForwardSecret.digest(auth, name, Array(user.password.utf8))
        }
        let proof = secret.proof(of: own, salt: salt, nonce: nonce)
        return MessagePackValue.array([
            .text("PING"), .text(own), .text(salt), .text(proof), .text(name), .text(passwordProof),
        ]).encoded
    }

    /// Looks at the server's last word: whether it lets us in and knows the key itself.
    package func check(_ message: [UInt8]) throws(Fault) {
        guard case .array(let items)? = MessagePackValue(message), items.count >= 5, items[0] == .text("PONG") else {
            throw Fault(reason: "it did not end the handshake with PONG")
        }
        guard items[1] == .boolean(true) else {
            let reason = String(decoding: items[2].bytes ?? [], as: UTF8.self)
            throw Fault(reason: "it refuses us: \(reason.isEmpty ? "no reason given" : String(reason.prefix(200)))")
        }
        guard let hostname = items[3].bytes, let proof = items[4].bytes else {
            throw Fault(reason: "it did not end the handshake with PONG")
        }
        // Who does not know the key could send our own proof back.
        guard hostname != Array(secret.hostname.utf8) else {
            throw Fault(reason: "it has the same name as we, `\(secret.hostname)`; give one of the two another `self_hostname`")
        }
        guard ForwardSecret.isSame(proof, secret.proof(of: hostname, salt: salt, nonce: nonce)) else {
            throw Fault(reason: "it does not know the shared key")
        }
    }
}
