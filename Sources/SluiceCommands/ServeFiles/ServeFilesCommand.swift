import ArgumentParser
import Glibc
import Logging
import SluiceAdmin
import SluiceComponent
import SluiceConfig
import SluiceEngine
import SluiceInputs
import SluiceNetwork

/// `sluice serve-files`: the host side of pull mode.
struct ServeFilesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve-files", abstract: "Let a collector's `fetch` input read log files of this host as they grow.",
        discussion: """
            Each FILE is served under the very name that stands here, and
            nothing else is. Behind `=` stands a glob for what it is called
            after a rotation, by default `FILE.*[0-9]`: a reader that was away
            goes on in the file that it had read, and then in the younger ones.

            A listening address that other machines reach needs `--allow`. With
            a certificate `tcp://` speaks TLS. TERM and INT end it.

            Example:

              sluice serve-files --listen tcp://0.0.0.0:19 --allow 10.1.0.0/16 \\
                /var/log/messages '/var/log/nginx/access.log=access.log-*[0-9]'
            """)

    @Option(help: ArgumentHelp("Where to listen, as in tcp://[::]:19; may be repeated.", valueName: "ADDRESS"))
    var listen: [String]

    @Option(help: ArgumentHelp("A block of addresses whose peers may read; may be repeated.", valueName: "CIDR"))
    var allow: [String] = []

    @Option(help: ArgumentHelp("File with a token that readers have to show.", valueName: "FILE"))
    var tokenFile: String?

    @Option(help: ArgumentHelp("Certificate of this host (PEM); read again when it changes.", valueName: "FILE"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("Its private key (PEM), by default in the same file.", valueName: "FILE"))
    var tlsKey: String?

    @Option(help: ArgumentHelp("Authorities (PEM) of which every reader needs a certificate.", valueName: "FILE"))
    var tlsClientCa: String?

    @Option(help: ArgumentHelp("How often idle readers are told that the host lives.", valueName: "TIME"))
    var heartbeat = "1m"

    @Option(help: ArgumentHelp("How long a rotated file is still waited for after its last byte.", valueName: "TIME"))
    var rotateWait = "10s"

    @Option(help: ArgumentHelp("Connections that may be open.", valueName: "N"))
    var maxConnections = 1000

    @Option(help: "Least severe lines of the log: debug, info, warning or error.")
    var logLevel: ServeLogLevel = .info

    @Argument(help: ArgumentHelp("File to serve, and what it is called after a rotation.", valueName: "FILE[=ROTATED-GLOB]"))
    var files: [String]

    func run() throws {
        let setting = try makeSetting()
        let log = ServiceLog(
            level: logLevel.level, format: LogFormat.fitting(variable: ConfigReading.environment), now: { SystemClock.nanoseconds })
        let signals = ServiceSignals()
        let manager = ServiceManager(variable: ConfigReading.environment)
        let stop = StopFlag()
        let ended = StopFlag()
        let result = Monitor<NetworkError?>(nil)
        let logger = log.logger
        let thread = WorkerThread("serve-files") {
            let server = FileServer(setting, log: logger, time: { SystemClock.nanoseconds })
            do throws(NetworkError) {
                try server.run(stop: stop) { addresses in
                    let count = setting.files.count
                    let words = "serves \(count) file\(count == 1 ? "" : "s") on \(addresses.map(\.text).joined(separator: ", "))"
                    manager?.ready(status: words)
                    logger.info("\(words)")
                }
            } catch {
                result.withLock { $0 = error }
            }
            ended.set()
        }
        serve(until: ended, signals, manager, log)
        manager?.stopping(status: "connections are closed")
        stop.set()
        thread.join()
        if let error = result.withLock({ $0 }) {
            log.finish()
            throw Terminal.fail(error.message, Self.status(error))
        }
        logger.info("stopped")
        log.finish()
    }

    /// Repetitions in the log are told this often.
    private static let tickNanoseconds: Int64 = 1_000_000_000

    /// The main thread's life: signals, the watchdog, the log's repetitions.
    private func serve(until ended: StopFlag, _ signals: ServiceSignals, _ manager: ServiceManager?, _ log: ServiceLog) {
        while !ended.isSet {
            let pause = manager?.watchdogNanoseconds.map { $0 / 2 }
            let tick = log.hasRepetitions ? min(pause ?? Self.tickNanoseconds, Self.tickNanoseconds) : pause
            switch signals.next(orReadable: [ended.descriptor], timeoutNanoseconds: tick) {
            case SIGINT, SIGTERM: return
            default: break
            }
            manager?.alive()
            log.tick()
        }
    }

    private static func status(_ error: NetworkError) -> Status {
        switch error.code {
        case .missing: .missing
        case .notPermitted: .notPermitted
        case .unusableFile: .cannotLoad
        default: .cannotCreate
        }
    }
}

/// `--log-level`.
enum ServeLogLevel: String, ExpressibleByArgument, CaseIterable {
    case debug, info, warning, error

    /// As the log knows it.
    var level: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
