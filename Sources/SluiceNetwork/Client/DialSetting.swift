package import SluiceConfig

/// The checked options of something that connects to others: where to, and how long to wait for what.
package struct DialSetting: Sendable {
    /// Which of several addresses a connection goes to.
    package enum Balance: String, Sendable, CaseIterable {
        /// The first that can be reached; back to it when it can be reached again.
        case failover
        /// All of them in turn.
        case roundRobin = "round_robin"
    }

    /// Never empty.
    package let addresses: [NetworkAddress]
    package let balance: Balance
    let tls: DialTLS
    /// Nanoseconds for name, connection and TLS handshake of one address together.
    package let connectTimeoutNs: Int64
    /// Nanoseconds without any progress after which a connection that has something to send is over.
    package let writeTimeoutNs: Int64
    /// Nanoseconds after which an address before the one in use is tried again.
    package let failbackNs: Int64
    let keepAlive: KeepAlive

    /// A setting without a configuration, for what the program itself connects to.
    package init(
        addresses: [NetworkAddress], balance: Balance = .failover, tls: DialTLS = DialTLS(), connectTimeoutNs: Int64 = 10_000_000_000,
        writeTimeoutNs: Int64 = 60_000_000_000, failbackNs: Int64 = 60_000_000_000, keepAlive: KeepAlive = .ofDialed
    ) {
        precondition(!addresses.isEmpty, "nothing to connect to")
        self.addresses = addresses
        self.balance = balance
        self.tls = tls
        self.connectTimeoutNs = connectTimeoutNs
        self.writeTimeoutNs = writeTimeoutNs
        self.failbackNs = failbackNs
        self.keepAlive = keepAlive
    }

    /// The setting that checked options describe. Relative paths begin at `folder`; `port` is that of addresses without one, `tlsPort` of
    /// those with `tls://`; `key` is the option that names the addresses.
    package init(
        _ values: OptionValues, schemes: [NetworkAddress.Scheme], folder: String, port: Int? = nil, tlsPort: Int? = nil,
        key: String = "address"
    ) throws(ConfigError) {
        var addresses: [NetworkAddress] = []
        for text in values.texts(key) {
            let address = try NetworkAddress(
                text, schemes: schemes, folder: folder, port: text.hasPrefix("tls:") ? tlsPort ?? port : port, key: key)
            guard address.port != 0 else {
                throw ConfigError(
                    .invalidValue, "`\(text)` names port 0, which nobody listens on; write the receiver's port", key: key)
            }
            addresses.append(address)
        }
        guard !addresses.isEmpty else {
            throw ConfigError(.invalidValue, "`\(key)` of \(values.component) is an empty list; write an address", key: key)
        }
        self.addresses = addresses
        balance = values.declares("balance") ? values.text("balance").flatMap(Balance.init) ?? .failover : .failover
        failbackNs = values.declares("failback") ? values.duration("failback") ?? 60_000_000_000 : 60_000_000_000
        if values.declares("tls") {
            tls = try DialTLS(values.group("tls"), folder: folder)
            let isUsed = addresses.contains { if case .tls = $0 { true } else { false } }
            if values.isSet("tls"), !isUsed {
                throw ConfigError(
                    .invalidValue, "\(values.component) has `tls` but no address with `tls://`; nothing would be encrypted", key: "tls")
            }
        } else {
            tls = DialTLS()
        }
        connectTimeoutNs = values.duration("connect_timeout") ?? 10_000_000_000
        writeTimeoutNs = values.duration("write_timeout") ?? 60_000_000_000
        keepAlive = KeepAlive(values, standard: .ofDialed)
    }
}
