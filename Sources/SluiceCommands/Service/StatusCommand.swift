import ArgumentParser
import Glibc
import SluiceAdmin
import SluiceConfig

/// `sluice status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what the running service is doing.",
        discussion: """
            Generation, ledger, inputs with positions, rules, outputs with queues,
            dead letters, last errors. The service is found through `data_dir` of
            the configuration. Status 69 says that it is not running.

            Example:

              sluice status --format json | jq .ledger
            """)

    @OptionGroup var link: ServiceLink

    @Option(help: "Form of the report: text or json.")
    var format: ReportFormat = .text

    func run() throws {
        let isColoured = TextPaint.fitting(descriptor: STDOUT_FILENO, variable: ConfigReading.environment).isColoured
        let target = format == .json ? "/status" : "/status?format=text" + (isColoured ? "&colour" : "")
        let answer = try link.send("GET", target, secondsMax: 10)
        answer.report(format)
        try answer.check()
    }
}
