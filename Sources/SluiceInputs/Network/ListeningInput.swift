import Glibc
import Logging
import NIOCore
package import SluiceComponent
import SluiceConfig
import SluiceNetwork

/// Takes log messages from sockets: datagrams and connections of the network and of this machine.
///
/// Connections have the input's own thread as their event loop, each socket for datagrams a thread of its own. Promises the order of each
/// connection and of each datagram socket. What was received and not delivered is lost when the program dies: a sender of syslog is told
/// nothing that could be taken back. While lanes and outputs are slow nothing is read: connections wait, datagrams are dropped by the
/// kernel, and counted.
package final class ListeningInput: Input {
    private let setting: ListeningSetting

    /// An input; opens nothing before it runs.
    package init(_ setting: ListeningSetting) { self.setting = setting }

    package func run(_ session: any InputSession) throws(InputError) {
        guard !session.stop.isSet else { return }
        let rates = setting.listen.rateLimit.map { PeerRates(perSecond: $0) }
        let datagrams = DatagramReceiver(setting, rates: rates, session: session)
        var reception: StreamReception?
        do throws(NetworkError) {
            try datagrams.open()
            try EventLoopThread.run(
                stop: session.stop,
                start: { [setting] loop throws(NetworkError) in
                    let made = StreamReception(setting, rates: rates, session: session, loop: loop)
                    if setting.kind.takesStreams { try made.start() }
                    guard made.addressCount + datagrams.addresses.count > 0 else { throw Self.noSocket(setting) }
                    datagrams.start()
                    reception = made
                }, stopping: { reception!.stop() })
        } catch {
            datagrams.close()
            throw error.inputError
        }
        datagrams.join()
    }

    /// The service manager has passed sockets, all of the other kind.
    private static func noSocket(_ setting: ListeningSetting) -> NetworkError {
        let (found, fitting) = setting.kind.takesStreams ? ("datagrams", "ListenStream=") : ("connections", "ListenDatagram=")
        return NetworkError(
            .notASocket,
            "cannot listen on \(setting.listen.addresses[0].text): the passed sockets are for \(found), which `type: \(setting.kind.rawValue)` does not take; pass one of `\(fitting)`"
        )
    }
}

/// The checked configuration of ``ListeningInput``.
struct ListeningPlan: InputPlan {
    let setting: ListeningSetting

    func makeInput() -> any Input { ListeningInput(setting) }
}

extension InputCatalogue {
    private static func listening(_ kind: ListeningKind, _ summary: String, _ promise: String, example: String) -> Entry {
        Entry(
            kind: kind.rawValue, summary: summary, promise: promise, options: kind.options, example: example,
            make: { values, setting throws(ConfigError) in ListeningPlan(setting: try ListeningSetting(values, kind: kind, setting)) })
    }

    /// `type: syslog`.
    static let syslog = listening(
        .syslog, "messages of syslog senders over UDP, TCP, TLS and Unix sockets",
        "In order for each connection and each datagram socket. Connections wait while outputs are slow; datagrams that the kernel drops are counted. What was received and not delivered is lost when the service dies, because the protocol has no acknowledgements.",
        example: "{ type: syslog, listen: [\"udp://0.0.0.0:514\", \"tcp://0.0.0.0:514\"], timezone: Europe/Berlin }")

    /// `type: tcp`.
    static let tcp = listening(
        .tcp, "records of any format over TCP and TLS connections",
        "In order for each connection, which waits while outputs are slow. What was received and not delivered is lost when the service dies.",
        example: "{ type: tcp, listen: \"tcp://127.0.0.1:5170\", format: json }")

    /// `type: udp`.
    static let udp = listening(
        .udp, "records of any format in UDP datagrams",
        "In order for each socket. Datagrams that the kernel drops while outputs are slow are counted, and what was received and not delivered is lost when the service dies.",
        example: "{ type: udp, listen: \"udp://127.0.0.1:5170\", format: json }")

    /// `type: unix`.
    static let unix = listening(
        .unix, "records of any format from programs on this machine, over Unix sockets",
        "In order for each connection and each datagram socket; senders wait while outputs are slow. What was received and not delivered is lost when the service dies.",
        example: "{ type: unix, listen: \"unix:/run/app.sock\", format: json }")
}
