extension ConnectionEvent {
    /// A line for the log: what happened to whom, by which limit.
    func text(_ host: String, _ listener: NetworkAddress, _ setting: ListenSetting) -> String {
        let place = listener.text
        return switch self {
        case .accepted: "connection of \(host) at \(place)"
        case .closed: "connection of \(host) at \(place) is closed"
        case .refused(.notAllowed): "connection of \(host) at \(place) refused: `allow` does not name it"
        case .refused(.tooMany):
            "connection of \(host) at \(place) refused: `connections_max` (\(setting.limits.connectionsMax)) are open"
        case .refused(.tooManyOfPeer):
            "connection of \(host) at \(place) refused: `connections_per_peer_max` (\(setting.limits.connectionsPerPeerMax)) of it are open"
        case .refused(.proxyHeader(let reason)):
            "connection of \(host) at \(place) refused: it has no header of the PROXY protocol, which `proxy_protocol` asks for: \(reason)"
        case .handshakeFailed(let reason): "TLS handshake with \(host) at \(place) failed: \(reason)"
        case .timedOut(.idle):
            "connection of \(host) at \(place) closed: nothing came for `idle_timeout` (\(Self.seconds(setting.limits.idleNs)))"
        case .timedOut(.frame):
            "connection of \(host) at \(place) closed: a frame stayed open for `stall_timeout` (\(Self.seconds(setting.limits.stallNs)))"
        case .timedOut(.proxyHeader):
            "connection of \(host) at \(place) closed: no PROXY header came for `stall_timeout` (\(Self.seconds(setting.limits.stallNs)))"
        case .timedOut(.handshake):
            "connection of \(host) at \(place) closed: no TLS handshake for `tls.handshake_timeout` (\(Self.seconds(setting.tls?.handshakeNs)))"
        case .broken(let reason): "connection of \(host) at \(place) broke: \(reason)"
        }
    }

    private static func seconds(_ nanoseconds: Int64?) -> String {
        let milliseconds = (nanoseconds ?? 0) / 1_000_000
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
    }
}
