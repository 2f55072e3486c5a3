/// What an input counts of itself. Metrics, status and reference read these declarations.
package enum InputCounter: String, CaseIterable, Sendable {
    /// Counted by the program from what is sent.
    case bytesRead
    case replayed
    case oversizeFrames
    case bytesLost
    /// Counted by the program.
    case refusedFrames
    case opened
    case failures
    case connections
    case connectionsOpen
    case connectionsRefused
    case connectionsTimedOut
    case connectionsBroken
    case handshakeFailures
    case authenticationFailures
    case foreignProtocols
    case framingErrors
    case incompleteFrames
    case datagramsLost
    case datagramsTruncated
    case datagramsRefused
    case rateLimited
    case requestsRefused
    case eventsLost
    case chunksRefused
    case placesLost

    /// What reports say of a counter.
    package struct Declaration: Sendable {
        /// Its name in reports (`oversize_frames`); in metrics `sluice_input_NAME_total`, without `_total` for a gauge.
        package let name: String
        package let unit: String
        /// One sentence without full stop.
        package let help: String
        /// A state of the moment, that also falls.
        package var isGauge = false
        /// Counted by some inputs only, mostly those that listen: absent in the reports of others.
        package var isOfNetwork = true
        /// Whether it is a loss, that `status` points out.
        package var isLoss = false
    }

    /// Everything that is said of it.
    package var declaration: Declaration {
        switch self {
        case .bytesRead: Self.common("bytes", "bytes", "bytes read, compressed ones as they are")
        case .replayed: Self.common("replayed", "events", "events read again after a crash; an upper bound", isLoss: true)
        case .oversizeFrames:
            Self.common("oversize_frames", "frames", "frames longer than `max_frame_size`, which were cut", isLoss: true)
        case .bytesLost: Self.common("lost_bytes", "bytes", "bytes that belong to no frame", isLoss: true)
        case .refusedFrames: Self.common("refused_frames", "frames", "frames that a strict decoder refused", isLoss: true)
        case .opened: Self.common("opened", "times", "times that what is read was opened or started")
        case .failures: Self.common("failures", "times", "times that opening or reading failed")
        case .connections: Declaration(name: "connections", unit: "connections", help: "connections accepted")
        case .connectionsOpen:
            Declaration(name: "connections_open", unit: "connections", help: "connections that are open", isGauge: true)
        case .connectionsRefused:
            Declaration(
                name: "connections_refused", unit: "connections",
                help: "connections closed at once: by `allow`, by a limit, without the header that `proxy_protocol` asks for", isLoss: true)
        case .connectionsTimedOut:
            Declaration(
                name: "connections_timed_out", unit: "connections",
                help: "connections closed because their peer kept silent for longer than `idle_timeout` or stalled in a frame or handshake",
                isLoss: true)
        case .connectionsBroken:
            Declaration(
                name: "connections_broken", unit: "connections", help: "connections that ended with an error (reset, bad TLS record)",
                isLoss: true)
        case .handshakeFailures:
            Declaration(
                name: "handshake_failures", unit: "connections", help: "TLS handshakes that failed, by protocol, certificate or name",
                isLoss: true)
        case .authenticationFailures:
            Declaration(
                name: "authentication_failures", unit: "times", help: "peers that showed a wrong token, key or password", isLoss: true)
        case .foreignProtocols:
            Declaration(
                name: "foreign_protocols", unit: "connections",
                help: "connections closed because they spoke another protocol (HTTP, TLS, SSH)", isLoss: true)
        case .framingErrors:
            Declaration(
                name: "framing_errors", unit: "times", help: "wrong octet counts and stray separators that were repaired", isLoss: true)
        case .incompleteFrames:
            Declaration(
                name: "incomplete_frames", unit: "frames", help: "fragments at the end of a connection: events with the flag `truncated`",
                isLoss: true)
        case .datagramsLost:
            Declaration(
                name: "datagrams_lost", unit: "datagrams",
                help: "datagrams that the kernel dropped because the receive buffer was full", isLoss: true)
        case .datagramsTruncated:
            Declaration(
                name: "datagrams_truncated", unit: "datagrams", help: "datagrams longer than `max_frame_size`, which were cut", isLoss: true
            )
        case .datagramsRefused:
            Declaration(name: "datagrams_refused", unit: "datagrams", help: "datagrams of peers that `allow` leaves out", isLoss: true)
        case .rateLimited:
            Declaration(
                name: "rate_limited", unit: "events", help: "events of peers that sent more than `rate_limit`, discarded", isLoss: true)
        case .requestsRefused:
            Declaration(
                name: "requests_refused", unit: "requests", help: "requests answered with an error, or told to come again later",
                isLoss: true)
        case .chunksRefused:
            Declaration(
                name: "chunks_refused", unit: "chunks",
                help: "messages of the forward protocol refused whole, because they were damaged, too large or packed in an unknown way",
                isLoss: true)
        case .placesLost:
            Declaration(
                name: "places_lost", unit: "times",
                help: "times that a host could not go on where a file was left; what stood behind that place may be lost", isLoss: true)
        case .eventsLost:
            Declaration(
                name: "events_lost", unit: "events",
                help:
                    "events that were overwritten before they could be read (the kernel's log, the journal, Sluice's own log; a lower bound), or that were in hand when the input ended and no lane took them",
                isLoss: true)
        }
    }

    private static func common(_ name: String, _ unit: String, _ help: String, isLoss: Bool = false) -> Declaration {
        Declaration(name: name, unit: unit, help: help, isOfNetwork: false, isLoss: isLoss)
    }
}
