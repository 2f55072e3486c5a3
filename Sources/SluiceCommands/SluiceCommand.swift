package import ArgumentParser

/// `sluice`: the root of all verbs.
package struct SluiceCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "Run log messages through Lua rules that rewrite, drop, enrich and route them.",
        discussion: """
            Example: what cron says is noise, everything else comes out as JSON.

              tail -F /var/log/syslog | sluice filter -e 'if event.appname == "CRON" then return drop end' | jq

            `sluice help VERB` explains a verb and shows an example.
            """,
        version: Version.line,
        subcommands: [
            FilterCommand.self, CheckCommand.self, SchemaCommand.self, BenchCommand.self, CompletionCommand.self,
            VersionCommand.self,
        ])

    package init() {}

    /// Runs the program with its arguments, the name first, and ends it with the status of PRODUCT §2.
    package static func start(_ arguments: [String]) -> Never {
        let arguments = FilterCommand.prepared(Array(arguments.dropFirst()))
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
            exit()
        } catch {
            exit(withError: error)
        }
    }
}
