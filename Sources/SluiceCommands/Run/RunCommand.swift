import ArgumentParser
import Glibc
import Logging
import SluiceAdmin
import SluiceComponent
import SluiceConfig
import SluiceEngine
import SluiceRules

/// `sluice run`: the service.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the service: inputs, rules and outputs of a configuration, until it is stopped.",
        discussion: """
            The configuration is `-c`, else `$SLUICE_CONFIG`, else
            `./sluice.yaml`, else `/etc/sluice/sluice.yaml`. Saving a rule, or
            the configuration, is enough to bring it into effect: it is compiled,
            tested and tried on recent events first, and refused with its reason
            when something is wrong, while the old one goes on.

            Signals: HUP reloads and reopens output files, USR1 reopens output
            files, TERM and INT stop in order; a second one stops at once.

            Example:

              sluice run -c /etc/sluice/sluice.yaml
            """)

    @OptionGroup var link: ServiceLink

    func run() throws {
        let file = try link.file()
        let configuration = try Self.load(file)
        let feed = LogFeed()
        let log = Self.makeLog(configuration.log, feed)
        for warning in configuration.warnings { log.logger.warning("\(warning.rendered())") }
        let signals = ServiceSignals()
        let around = Service.Surroundings(
            version: Version.number, log: log.logger, ruleLog: { Self.write($0, to: log.logger) }, logLines: { log.counts },
            ownLog: feed)
        let service = try Self.makeService(configuration, around)
        let reloader = Reloader(service) {
            do throws(ConfigProblems) {
                return .success(try ServiceConfiguration.load(file))
            } catch {
                return .failure(error)
            }
        }
        let server = try Self.makeServer(ServiceController(service, reloader), configuration, log.logger)
        service.start()
        reloader.start()
        let manager = ServiceManager(variable: ConfigReading.environment)
        let greeting = Self.greeting(service, configuration)
        manager?.ready(status: greeting)
        log.logger.info("\(greeting)")
        serve(service, reloader, signals, manager, log)
        manager?.stopping(status: "what was read is delivered")
        manager?.extend(nanoseconds: configuration.shutdownTimeout + Self.stopMarginNanoseconds)
        reloader.finish()
        service.stop()
        server.stop()
        log.logger.info("stopped; \(Self.farewell(service))")
        log.finish()
    }

    /// What an ordered stop may take beyond `shutdown_timeout`.
    private static let stopMarginNanoseconds: Int64 = 10_000_000_000
    /// Repetitions in the log are told and the status text is brought up to date this often.
    private static let tickNanoseconds: Int64 = 1_000_000_000

    /// The main thread's life: signals, the watchdog, the log's repetitions.
    private func serve(
        _ service: Service, _ reloader: Reloader, _ signals: ServiceSignals, _ manager: ServiceManager?, _ log: ServiceLog
    ) {
        while !service.finished.isSet {
            let pause = manager?.watchdogNanoseconds.map { $0 / 2 }
            let tick = log.hasRepetitions ? min(pause ?? Self.tickNanoseconds, Self.tickNanoseconds) : pause
            switch signals.next(orReadable: [service.finished.descriptor], timeoutNanoseconds: tick) {
            case SIGHUP:
                manager?.reloading(now: MonotonicClock.now)
                service.reopen()
                reloader.reloadSoon {
                    manager?.ready(status: $0.text(TextPaint(isColoured: false)))
                }
            case SIGUSR1:
                log.logger.info("output files are reopened")
                service.reopen()
            case SIGINT, SIGTERM: return
            default: break
            }
            manager?.alive()
            log.tick()
        }
    }

    // MARK: - Making the parts

    private static func load(_ file: String) throws -> ServiceConfiguration {
        do throws(ConfigProblems) {
            return try ServiceConfiguration.load(file)
        } catch {
            for problem in error.problems { Terminal.say(problem.rendered()) }
            throw ExitCode(Status.cannotLoad.rawValue)
        }
    }

    private static func makeLog(_ setting: LogSetting, _ feed: LogFeed) -> ServiceLog {
        let paint = TextPaint.fitting(descriptor: STDERR_FILENO, variable: ConfigReading.environment)
        let format: LogFormat =
            switch setting.format {
            case .auto: LogFormat.fitting(variable: ConfigReading.environment)
            case .text: .text(paint)
            case .json: .json
            case .journald: .journald
            }
        return ServiceLog(
            level: Logger.Level(rawValue: setting.level.rawValue) ?? .info, format: format, now: { SystemClock.nanoseconds }, feed: feed)
    }

    private static func makeService(_ configuration: ServiceConfiguration, _ around: Service.Surroundings) throws -> Service {
        do throws(ServiceError) {
            return try Service(try ServiceStart(configuration, around: around), around: around)
        } catch {
            throw Terminal.fail(error.message, Status(rawValue: error.exitStatus) ?? .cannotLoad)
        }
    }

    private static func makeServer(
        _ controller: ServiceController, _ configuration: ServiceConfiguration, _ log: Logger
    ) throws -> AdminServer {
        var setting = AdminServer.Setting(controlPath: configuration.dataFolder + "/control.sock")
        setting.listen = configuration.admin?.listen.map { AdminAddress(host: $0.host, port: $0.port) }
        setting.token = configuration.admin?.token
        do throws(AdminError) {
            return try AdminServer(setting, routes: AdminRoute.standard(controller), log: log)
        } catch {
            throw Terminal.fail(error.message, Status(rawValue: error.exitStatus) ?? .cannotCreate)
        }
    }

    /// A line that a rule wrote with `log` or `print`.
    private static func write(_ record: LogRecord, to log: Logger) {
        let level: Logger.Level =
            switch record.level {
            case .debug: .debug
            case .info: .info
            case .warn: .warning
            case .error: .error
            }
        log.log(level: level, "\(record.rule): \(record.text)\(record.fields.isEmpty ? "" : " " + record.fields)")
    }

    private static func greeting(_ service: Service, _ configuration: ServiceConfiguration) -> String {
        "sluice \(Version.number) runs generation \(service.generationNumber): \(counted(configuration.inputs, "input")), "
            + "\(counted(configuration.rules, "rule")), \(counted(configuration.outputs, "output")) (`\(configuration.file)`)"
    }

    private static func counted(_ items: [some Any], _ noun: String) -> String { "\(items.count) \(noun)\(items.count == 1 ? "" : "s")" }

    private static func farewell(_ service: Service) -> String {
        service.currentStatus().ledger.entries.filter { $0.count > 0 || $0.name == "received" }.map { "\($0.name) \($0.count)" }
            .joined(separator: ", ")
    }
}
