package import ArgumentParser
import Glibc

/// `sluice`: the root of all verbs.
package struct SluiceCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "Run log messages through Lua rules that rewrite, drop, enrich and route them.",
        discussion: """
            Example: what cron says is noise, the rest comes out as JSON.

              tail -F /var/log/syslog |
                sluice filter -e 'if event.appname == "CRON" then return drop end'

            `sluice help VERB` explains a verb and shows an example.
            """,
        version: Version.line,
        subcommands: [
            FilterCommand.self, RunCommand.self, CheckCommand.self, TestCommand.self, StatusCommand.self, ReloadCommand.self,
            DeadLettersCommand.self, ServeFilesCommand.self, SchemaCommand.self, BenchCommand.self, CompletionCommand.self,
            VersionCommand.self,
        ])

    package init() {}

    /// Runs the program with its arguments, the name first, and ends it with the status of PRODUCT §2.
    package static func start(_ arguments: [String]) -> Never {
        let arguments = Array(arguments.dropFirst())
        let verbs = configuration.subcommands.compactMap { $0.configuration.commandName }
        if arguments.isEmpty {
            Terminal.write(helpMessage(), to: STDERR_FILENO)
            Glibc.exit(Status.usage.rawValue)
        }
        if let fault = UsageFault.unknownVerb(in: arguments, verbs: verbs, exists: { access($0, F_OK) == 0 }) {
            Terminal.say(fault)
            Terminal.say(UsageFault.advice(for: [], verbs: verbs))
            Glibc.exit(Status.usage.rawValue)
        }
        do {
            var command = try parseAsRoot(TestCommand.prepared(FilterCommand.prepared(arguments)))
            try command.run()
            exit()
        } catch let status as ExitCode {
            Glibc.exit(status.rawValue)
        } catch {
            switch exitCode(for: error) {
            case .success: exit(withError: error)
            case .validationFailure:
                Terminal.say(UsageFault.text(of: message(for: error)))
                Terminal.say(UsageFault.advice(for: arguments, verbs: verbs))
                Glibc.exit(Status.usage.rawValue)
            default:
                Terminal.say("internal error: \(error); please report it with what you did")
                Glibc.exit(Status.internalError.rawValue)
            }
        }
    }
}
