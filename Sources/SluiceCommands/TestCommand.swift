import ArgumentParser

/// `sluice test`.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run the tests of rules.",
        usage: "sluice test [-c sluice.yaml] [--filter TEXT] [--watch] [PATH…]",
        discussion: """
            Tests of `route.lua` lie beside it in `route_test.lua`:

              test("debug is dropped", function()
                local result = run("<15>Oct 11 22:14:15 web1 app: noise")
                expect(result).dropped()
              end)

            Golden cases are folders beside a rule: a log in `cases/NAME/in.log` and
            what becomes of it in `cases/NAME/out.OUTPUT.ndjson`. A path is a folder, a
            rule, a file of tests or a case; without paths everything below the working
            directory is tested, or with `-c` the rules of the configuration.

            Examples:

              sluice test
              sluice test -c sluice.yaml --junit report.xml
              sluice test --watch route.lua
              sluice test --update cases/nginx

            Status 1 says that a test failed, or that there were none.
            """)

    @Argument(help: ArgumentHelp("Folders, rules, files of tests, golden cases.", valueName: "PATH"))
    var paths: [String] = []

    @Option(
        name: [.customShort("c"), .customLong("config")],
        help: ArgumentHelp("Configuration whose rule set `run_all` runs and whose outputs exist.", valueName: "FILE"))
    var config: String?

    @Option(help: ArgumentHelp("Run only tests whose name or file contains this.", valueName: "TEXT"))
    var filter: String?

    @Flag(help: "Run again what is touched by a change, until interrupted.")
    var watch = false

    @Flag(help: "Write what golden cases give into their folders instead of comparing.")
    var update = false

    @Option(help: ArgumentHelp("Write a JUnit report to this file.", valueName: "FILE"))
    var junit: String?

    @Option(
        help: ArgumentHelp(
            "Show which lines of the rules ran; `--coverage=FILE` writes them in lcov's form as well.", valueName: "FILE"))
    var coverage: String?

    @Option(help: ArgumentHelp("Fluent Bit scripts: `fluent-bit`.", valueName: "API"))
    var api: String?

    @Option(help: ArgumentHelp("Function of a Fluent Bit script.", valueName: "NAME"))
    var call: String?

    @Option(help: "Form of the report: text or json.")
    var format: ReportFormat = .text

    @Flag(help: "Leave durations out of the reports, so that they can be compared.")
    var noTimes = false

    func run() throws { try TestVerb(self).run() }

    /// `--coverage` alone becomes `--coverage=`, which the parser has no words for.
    static func prepared(_ arguments: [String]) -> [String] {
        guard arguments.first == configuration.commandName else { return arguments }
        return arguments.map { $0 == "--coverage" ? "--coverage=" : $0 }
    }
}
