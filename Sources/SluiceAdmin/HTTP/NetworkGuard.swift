import Glibc

/// Where the server listens on the network.
package struct AdminAddress: Sendable, Equatable {
    /// An IP address without brackets, or `localhost`.
    package let host: String
    /// 0 lets the system choose.
    package let port: Int

    /// An address.
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Whether only this machine can connect.
    package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") && HostHeader.isIPAddress(host) }
}

/// Decides who on the network may ask at all.
struct NetworkGuard: Sendable {
    private let token: [UInt8]?

    /// Without a token only a loopback address may be listened on.
    init(token: String?, address: AdminAddress) throws(AdminError) {
        if let token, token.utf8.count < Self.tokenBytesMin {
            throw AdminError(
                .invalidSetting, "`admin.token` has \(token.utf8.count) bytes, fewer than \(Self.tokenBytesMin); choose a longer one")
        }
        if token == nil, !address.isLoopback {
            throw AdminError(
                .invalidSetting,
                "`admin.listen` is on `\(address.host)`, where other machines reach it, and there is no `admin.token`; set `token_file`, or listen "
                    + "on 127.0.0.1")
        }
        self.token = token.map { Array($0.utf8) }
    }

    /// A shorter token can be guessed.
    static let tokenBytesMin = 16

    /// The answer to somebody who may not ask; nil for those who may.
    func refusal(authorization: String?, host: String?) -> AdminResponse? {
        if let token {
            return accepts(authorization, token)
                ? nil : .fault("this needs the bearer token that `admin.token` of the configuration names", status: 401)
        }
        // A page in somebody's browser can reach loopback under a name of its own choice, and must not read from here.
        guard let host, HostHeader.isAddressOrLocalhost(host) else {
            return .fault("without `admin.token` this is answered for IP addresses and `localhost` only", status: 403)
        }
        return nil
    }

    /// Compares in a time that does not depend on how much of the token is right.
    private func accepts(_ authorization: String?, _ token: [UInt8]) -> Bool {
        let scheme = "bearer "
        guard let authorization, authorization.utf8.count >= scheme.utf8.count, authorization.lowercased().hasPrefix(scheme) else {
            return false
        }
        let given = Array(authorization.utf8.dropFirst(scheme.utf8.count))
        var difference = given.count ^ token.count
        for (index, byte) in token.enumerated() {
            difference |= Int(byte ^ (index < given.count ? given[index] : ~byte))
        }
        return difference == 0
    }
}

/// What a client calls the server.
enum HostHeader {
    /// Whether it is an IP address or `localhost`, with or without a port.
    static func isAddressOrLocalhost(_ text: String) -> Bool {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return false }
            return isIPAddress(String(text[text.index(after: text.startIndex)..<end]))
        }
        let host = String(text.prefix { $0 != ":" })
        return host == "localhost" || isIPAddress(host)
    }

    static func isIPAddress(_ text: String) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET, text, &bytes) == 1 || inet_pton(AF_INET6, text, &bytes) == 1
    }
}
