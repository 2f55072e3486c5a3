package import SluiceConfig

/// Where an input listens and what it grants to peers: the checked options that all inputs of the network share.
package struct ListenSetting: Sendable {
    /// At least one, none twice.
    package let addresses: [NetworkAddress]
    /// Certificates of the `tls` addresses and of passed sockets of TCP; nil for none, and then passed sockets are plain.
    package let tls: TLSSetting?
    package let access: AccessList
    package let limits: ConnectionLimits
    /// Events a second from one peer; nil for any.
    package let rateLimit: Int?
    /// Whether each connection has to begin with a header of the PROXY protocol.
    package let isBehindProxy: Bool
    /// When silent peers of TCP are asked whether they are still there.
    package let keepAlive: KeepAlive
    package let ownership: SocketOwnership
    /// Bytes that the kernel may hold for a socket; nil leaves it to the system (streams) or to the input (datagrams).
    package let receiveBufferBytes: Int?

    /// The declared options of an input that can listen on addresses of these schemes.
    package static func options(schemes: [NetworkAddress.Scheme], example: String) -> [OptionSpec] {
        let words = schemes.map { "`\($0.example)`" }.joined(separator: ", ")
        let isStream = !schemes.allSatisfy { $0 == .udp || $0 == .unixgram }
        var options = [
            OptionSpec("listen", .texts, "addresses to listen on: \(words)", example: example, isRequired: true)
        ]
        if schemes.contains(.tls) { options.append(TLSSetting.option) }
        options.append(
            OptionSpec(
                "allow", .texts, "blocks of addresses whose peers may send; without it everybody may",
                example: "[10.0.0.0/8, \"2001:db8::/32\"]"))
        if isStream { options += streamOptions }
        if schemes.contains(.tcp) || schemes.contains(.tls) { options.append(KeepAlive.option(.ofAccepted)) }
        options.append(
            OptionSpec(
                "rate_limit", .integer(1...1_000_000_000), "events a second that one peer may send; more are discarded and counted",
                example: "10000"))
        if schemes.contains(.unix) || schemes.contains(.unixgram) { options += socketFileOptions }
        options.append(
            OptionSpec(
                "receive_buffer", .size(4_096...(1 << 30)),
                "bytes that the kernel may hold for a socket, bounded by `net.core.rmem_max`", example: "8MiB"))
        return options
    }

    private static let streamOptions = [
        OptionSpec(
            "connections_max", .integer(1...10_000_000), default: "10000", "connections that may be open; further ones are closed at once",
            example: "50000"),
        OptionSpec(
            "connections_per_peer_max", .integer(1...10_000_000), default: "1000",
            "connections that one address may have open; further ones are closed at once", example: "20"),
        OptionSpec(
            "idle_timeout", .duration(1_000_000...31_536_000_000_000_000),
            "a connection that brings nothing for so long is closed; without it none is", example: "1h"),
        OptionSpec(
            "stall_timeout", .duration(1_000_000...86_400_000_000_000), default: "60s",
            "longest time that a frame which has begun may take; then the connection is closed", example: "10s"),
        OptionSpec(
            "proxy_protocol", .boolean, default: "false",
            "every connection begins with a header of the PROXY protocol (version 1 or 2), which names the peer; `allow` then says which proxies are believed",
            example: "true"),
    ]

    private static let socketFileOptions = [
        OptionSpec("socket_mode", .text, default: "0666", "permissions of the files of Unix sockets, octal", example: "\"0660\""),
        OptionSpec("socket_owner", .text, "user that owns the files of Unix sockets, by name or number", example: "syslog"),
        OptionSpec("socket_group", .text, "group of the files of Unix sockets, by name or number", example: "adm"),
    ]

    /// The setting that checked options describe. Relative paths begin at `folder`; `port` is that of addresses without one (nil: they
    /// need one), `tlsPort` that of those with TLS where it differs.
    package init(
        _ values: OptionValues, schemes: [NetworkAddress.Scheme], folder: String, port: Int? = nil, tlsPort: Int? = nil
    ) throws(ConfigError) {
        var addresses: [NetworkAddress] = []
        for text in values.texts("listen") {
            let address = try NetworkAddress(text, schemes: schemes, folder: folder, port: port, tlsPort: tlsPort, key: "listen")
            guard !addresses.contains(address) || address.port == 0 else {
                throw ConfigError(.duplicate, "`listen` names \(address.text) twice", key: "listen")
            }
            addresses.append(address)
        }
        guard !addresses.isEmpty else {
            throw ConfigError(.missingOption, "`listen` names no address; write `listen: \(schemes.first?.example ?? "")`", key: "listen")
        }
        self.addresses = addresses
        let isStream = !schemes.allSatisfy { $0 == .udp || $0 == .unixgram }
        access = try AccessList(values.texts("allow"), key: "allow")
        tls = schemes.contains(.tls) ? try Self.tls(values, addresses, folder: folder) : nil
        limits = isStream ? ConnectionLimits(values) : ConnectionLimits()
        rateLimit = values.declares("rate_limit") ? values.integer("rate_limit") : nil
        isBehindProxy = isStream && values.boolean("proxy_protocol")
        keepAlive = KeepAlive(values, standard: .ofAccepted)
        ownership = schemes.contains(.unix) || schemes.contains(.unixgram) ? try SocketOwnership(values) : SocketOwnership()
        receiveBufferBytes = values.size("receive_buffer")
        if isBehindProxy, access.isEmpty, addresses.contains(where: \.isOpenToNetwork) {
            throw ConfigError(
                .missingOption,
                "`proxy_protocol: true` believes what a connection says of its peer: name the proxies, as in `allow: [192.0.2.10]`",
                key: "proxy_protocol")
        }
    }

    /// A server on these addresses with the limits that hold by default.
    package init(addresses: [NetworkAddress], access: AccessList = AccessList(), limits: ConnectionLimits = ConnectionLimits()) {
        self.addresses = addresses
        self.access = access
        self.limits = limits
        tls = nil
        rateLimit = nil
        isBehindProxy = false
        keepAlive = .ofAccepted
        ownership = SocketOwnership()
        receiveBufferBytes = nil
    }

    /// Whether a socket of IPv6 leaves IPv4 to another address of this setting with the same port and transport.
    package func leavesIPv4(_ address: NetworkAddress) -> Bool {
        guard let port = address.port, port != 0 else { return false }
        return addresses.contains { other in
            guard other != address, other.port == port, other.isDatagram == address.isDatagram, let host = other.host else { return false }
            return IPAddress(host)?.isIPv4 ?? true
        }
    }

    private static func tls(_ values: OptionValues, _ addresses: [NetworkAddress], folder: String) throws(ConfigError) -> TLSSetting? {
        let address = addresses.first { if case .tls = $0 { true } else { false } }
        let takesPassed = addresses.contains { if case .systemd = $0 { true } else { false } }
        guard values.isSet("tls") else {
            guard let address else { return nil }
            throw ConfigError(
                .missingOption, "\(address.text) needs a certificate; write `tls: { certificate: server.pem, key: server.key }`",
                key: "listen")
        }
        guard address != nil || takesPassed else {
            throw ConfigError(
                .invalidValue, "`tls` is for addresses that begin with `tls://` or `systemd:`, and `listen` names none", key: "tls")
        }
        return try TLSSetting(values.group("tls"), folder: folder)
    }
}

extension ConnectionLimits {
    /// The limits that checked options describe.
    init(_ values: OptionValues) {
        connectionsMax = values.integer("connections_max") ?? connectionsMax
        connectionsPerPeerMax = values.integer("connections_per_peer_max") ?? connectionsPerPeerMax
        idleNs = values.duration("idle_timeout")
        stallNs = values.duration("stall_timeout") ?? stallNs
    }
}

extension NetworkAddress {
    /// Nil where there is none.
    package var port: Int? {
        switch self {
        case .udp(_, let port), .tcp(_, let port), .tls(_, let port): port
        case .unix, .unixDatagram, .systemd: nil
        }
    }

    /// A name or an address without brackets; nil where there is none.
    package var host: String? {
        switch self {
        case .udp(let host, _), .tcp(let host, _), .tls(let host, _): host
        case .unix, .unixDatagram, .systemd: nil
        }
    }

    /// Whether it is for datagrams; of a passed socket that is not known.
    package var isDatagram: Bool {
        switch self {
        case .udp, .unixDatagram: true
        case .tcp, .tls, .unix, .systemd: false
        }
    }

    /// Whether other machines may reach it.
    var isOpenToNetwork: Bool {
        switch self {
        case .tcp(let host, _), .tls(let host, _): host != "localhost" && !(IPAddress(host)?.isLoopback ?? false)
        case .systemd: true
        case .unix, .udp, .unixDatagram: false
        }
    }
}

extension IPAddress {
    /// Whether it never leaves this machine.
    package var isLoopback: Bool { isIPv4 ? high >> 56 == 127 : high == 0 && low == 1 }
}
