import ArgumentParser
import SluiceConfig

/// `sluice version`.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print version, Lua version and features.",
        discussion: "Example:\n\n  sluice version --format json")

    @Option(help: "Form of the report: text or json.")
    var format: ReportFormat = .text

    func run() {
        switch format {
        case .text: Terminal.out(Version.line)
        case .json:
            let features = Version.features.map { JSONText.literal($0) }.joined(separator: ",")
            Terminal.out(
                "{\"version\":\(JSONText.literal(Version.number)),\"lua\":\(JSONText.literal(Version.lua)),\"features\":[\(features)]}"
            )
        }
    }
}
