import ArgumentParser
import Glibc
import SluiceAdmin
import SluiceConfig
import SluiceEngine

/// Where the verbs that talk to the running service find it.
struct ServiceLink: ParsableArguments {
    @Option(
        name: [.customShort("c"), .customLong("config")],
        help: ArgumentHelp(
            "The service's configuration; by default $SLUICE_CONFIG, ./sluice.yaml or /etc/sluice/sluice.yaml.", valueName: "sluice.yaml"))
    var configuration: String?

    /// The path of the configuration file.
    func file() throws -> String {
        guard let file = ServiceConfiguration.find(configuration) else {
            throw Terminal.fail(
                "no configuration: there is neither `./sluice.yaml` nor `/etc/sluice/sluice.yaml`; name one with `-c` or in `$SLUICE_CONFIG`",
                .missing)
        }
        guard access(file, F_OK) == 0 else { throw Terminal.fail("cannot read `\(file)`: \(String(cString: strerror(errno)))", .missing) }
        guard access(file, R_OK) == 0 else {
            throw Terminal.fail("cannot read `\(file)`: \(String(cString: strerror(errno)))", .notPermitted)
        }
        return file
    }

    /// What the configuration says of the service.
    func glance() throws -> ConfigurationGlance {
        let file = try file()
        do throws(ConfigError) {
            return try ConfigurationGlance(of: file)
        } catch {
            throw Terminal.fail(error.message, .cannotLoad)
        }
    }

    /// Asks the running service, or ends the verb because it cannot be asked.
    func send(_ method: String, _ target: String, body: String = "", secondsMax: Int64) throws -> ControlClient.Answer {
        switch try ask(method, target, body: body, secondsMax: secondsMax) {
        case .success(let answer): return answer
        case .failure(let error): throw Terminal.fail(error.message, Status(rawValue: error.exitStatus) ?? .internalError)
        }
    }

    /// Asks the running service.
    func ask(
        _ method: String, _ target: String, body: String = "", secondsMax: Int64
    ) throws -> Result<ControlClient.Answer, AdminError> {
        let client = ControlClient(path: try glance().dataFolder + "/control.sock")
        do throws(AdminError) {
            return .success(try client.send(method, target, body: Array(body.utf8), nanosecondsMax: secondsMax * 1_000_000_000))
        } catch {
            return .failure(error)
        }
    }
}

extension ControlClient.Answer {
    /// Prints what the service reports: to standard output, or as a diagnostic when it is not what was asked for.
    func report(_ format: ReportFormat, accepted: Set<Int> = [200]) {
        if format == .json && body.first == UInt8(ascii: "{") || accepted.contains(status) {
            Terminal.write(text, to: STDOUT_FILENO)
        } else if Terminal.isErrorTerminal {
            Terminal.write(text, to: STDERR_FILENO)
        } else {
            Terminal.say(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        }
    }

    /// Ends the verb when the service did not do what it was asked.
    func check() throws {
        switch status {
        case 200: return
        case 404, 409: throw ExitCode(Status.refused.rawValue)
        case 503: throw ExitCode(Status.notRunning.rawValue)
        default: throw ExitCode(Status.internalError.rawValue)
        }
    }
}
