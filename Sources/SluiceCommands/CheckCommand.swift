import ArgumentParser
import SluiceConfig
import SluiceEngine
import SluiceLua
import SluiceRules

/// `sluice check [-c sluice.yaml | RULE.lua…]`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Find what is wrong with a configuration or with rules, without running them on data.",
        discussion: """
            Without rule files it checks the configuration (`-c`, else
            `$SLUICE_CONFIG`, else `./sluice.yaml`, else
            `/etc/sluice/sluice.yaml`) and every rule that it names, and runs the
            tests that lie beside the rules: nothing is opened and nothing
            written. All problems are found in one run, each with file, line and
            column.

            With rule files it compiles each, runs its top level in the sandbox
            and looks for `process`. Without a configuration any output name is
            taken as known; `--to NAME` lists the ones that exist.

            Status 1 says that there is something wrong, 66 that a file is missing.

            Example:

              sluice check -c /etc/sluice/sluice.yaml
              sluice check --to auth --to archive route.lua
            """)

    @Argument(help: ArgumentHelp("Rule files.", valueName: "RULE.lua"))
    var rules: [String] = []

    @Option(name: [.customShort("c"), .customLong("config")], help: ArgumentHelp("Configuration to check.", valueName: "FILE"))
    var config: String?

    @Option(name: .customLong("to"), help: ArgumentHelp("An output that exists; may be given again.", valueName: "NAME"))
    var outputs: [String] = []

    @Option(help: ArgumentHelp("Fluent Bit scripts: `fluent-bit`.", valueName: "API"))
    var api: String?

    @Option(help: ArgumentHelp("Function of a Fluent Bit script.", valueName: "NAME"))
    var call: String?

    @Option(help: "Form of the report: text or json.")
    var format: ReportFormat = .text

    func validate() throws {
        if config != nil, !rules.isEmpty {
            throw ValidationError("`-c` checks a configuration and its rules; give it alone or rule files alone")
        }
        guard rules.isEmpty else { return }
        for (name, isGiven) in [("--to", !outputs.isEmpty), ("--api", api != nil), ("--call", call != nil)] where isGiven {
            throw ValidationError("`\(name)` goes with rule files: `sluice check \(name) … RULE.lua`")
        }
    }

    func run() throws {
        guard rules.isEmpty else { return try checkRules() }
        let file = try ConfigurationArgument.file(config)
        let check = ConfigurationCheck(file, now: SystemClock.nanoseconds)
        let report = CheckReport(check)
        switch format {
        case .text: report.writeText()
        case .json: report.writeJSON()
        }
        if check.isMissing { throw ExitCode(Status.missing.rawValue) }
        if check.isRefused { throw ExitCode(Status.refused.rawValue) }
    }

    private func checkRules() throws {
        let ruleAPI = try RuleArguments.api(api, call: call, timeAsTable: false, environment: [])
        var failures: [RuleFailure] = []
        var unreadable: ExitCode?
        for path in rules {
            do {
                let rule = try RuleArguments.read(path, api: ruleAPI, onError: .deadLetter)
                if let failure = check(rule) { failures.append(failure) }
            } catch let status as ExitCode {
                // It was said; the other rules are checked all the same.
                unreadable = unreadable ?? status
            }
        }
        let report = CheckReport(rules: rules.count, failures, isComplete: unreadable == nil)
        switch format {
        case .text: report.writeText()
        case .json: report.writeJSON()
        }
        if let unreadable { throw unreadable }
        if !failures.isEmpty { throw ExitCode(Status.refused.rawValue) }
    }

    private func check(_ rule: RuleSource) -> RuleFailure? {
        let mentioned = RuleInspection(source: rule.text, function: rule.api.function).outputs.map(\.text)
        let known = outputs.isEmpty ? Array(Set(mentioned)).sorted() : outputs
        do throws(RuleFailure) {
            let context = HostContext(now: SystemClock.nanoseconds)
            _ = try RuleLane(rules: [rule], outputs: known, inputs: [], context: context)
            return nil
        } catch {
            return error
        }
    }
}
