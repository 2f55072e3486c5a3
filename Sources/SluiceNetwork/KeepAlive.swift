import CSluice
import SluiceConfig

/// When the system asks a silent TCP peer whether it is still there, and gives the connection up.
package struct KeepAlive: Sendable, Equatable {
    /// Seconds of silence before the first question; 0: never asked.
    package var idleSeconds: Int
    package var intervalSeconds: Int
    /// Unanswered questions after which the connection is over.
    package var count: Int

    /// Of connections that are made: a peer that vanished is noticed after one minute.
    package static let ofDialed = KeepAlive(idleSeconds: 30, intervalSeconds: 10, count: 3)
    /// Of connections that are accepted: after two minutes.
    package static let ofAccepted = KeepAlive(idleSeconds: 60, intervalSeconds: 15, count: 4)

    /// The option `keepalive`.
    static func option(_ standard: KeepAlive) -> OptionSpec {
        let second: Int64 = 1_000_000_000
        let hour = 3_600 * second
        return OptionSpec(
            "keepalive",
            .group([
                OptionSpec(
                    "idle", .duration(0...2 * hour), default: "\(standard.idleSeconds)s",
                    "silence before the first question, in whole seconds; `0s`: never asked", example: "1m"),
                OptionSpec(
                    "interval", .duration(second...hour), default: "\(standard.intervalSeconds)s",
                    "time between two questions, in whole seconds", example: "5s"),
                OptionSpec(
                    "count", .integer(1...20), default: "\(standard.count)", "unanswered questions after which the connection is over",
                    example: "5"),
            ]), "when a silent TCP peer is asked whether it is still there", example: "{ idle: 1m }")
    }

    /// What the options of a component say, if it has this one.
    init(_ values: OptionValues, standard: KeepAlive) {
        self = standard
        guard values.declares("keepalive") else { return }
        let group = values.group("keepalive")
        // Less than a second is one, and not never.
        idleSeconds = group.duration("idle").map { Int(($0 + 999_999_999) / 1_000_000_000) } ?? standard.idleSeconds
        intervalSeconds = group.duration("interval").map { Int($0 / 1_000_000_000) } ?? standard.intervalSeconds
        count = group.integer("count") ?? standard.count
    }

    private init(idleSeconds: Int, intervalSeconds: Int, count: Int) {
        self.idleSeconds = idleSeconds
        self.intervalSeconds = intervalSeconds
        self.count = count
    }

    /// Tells a socket; what a listening one accepts inherits it.
    ///
    /// `TCP_USER_TIMEOUT` stays away from such sockets: with it the kernel counts time in the place of unanswered questions.
    func apply(to descriptor: Int32) { sl_keep_alive(descriptor, Int32(idleSeconds), Int32(intervalSeconds), Int32(count)) }
}
