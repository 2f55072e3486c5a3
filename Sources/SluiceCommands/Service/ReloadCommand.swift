import ArgumentParser
import Glibc
import SluiceAdmin
import SluiceConfig

/// `sluice reload`.
struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Have the running service load rules and configuration from disk.",
        discussion: """
            Waits for the verdict, which is the exit status: 0 when the new
            generation runs, or what is on disk runs already; 1 when it was refused
            and the old one goes on, with the reason and the place. With `--dry-run`
            all is checked, the rule tests and the shadow run too, and nothing is
            changed.

            Example:

              sluice reload --dry-run && sluice reload
            """)

    @OptionGroup var link: ServiceLink

    @Flag(help: "Wait for the verdict, as it does anyway; for scripts that say what they mean.")
    var wait = false

    @Flag(help: "Check everything and change nothing.")
    var dryRun = false

    @Option(help: "Form of the report: text or json.")
    var format: ReportFormat = .text

    /// Rule tests and the shadow run of a large rule set take their time.
    private static let secondsMax: Int64 = 600

    func run() throws {
        let isColoured = [STDOUT_FILENO, STDERR_FILENO].allSatisfy {
            TextPaint.fitting(descriptor: $0, variable: ConfigReading.environment).isColoured
        }
        var query: [String] = dryRun ? ["dry_run"] : []
        if format == .text { query += ["format=text"] + (isColoured ? ["colour"] : []) }
        let target = "/reload" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        let answer = try link.send("POST", target, secondsMax: Self.secondsMax)
        answer.report(format)
        try answer.check()
    }
}
