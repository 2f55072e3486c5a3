import ArgumentParser
import SluiceConfig
import SluiceEngine
import SluiceLua
import SluiceRules

/// `sluice check RULE.lua…`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Find what is wrong with rules without running them on data.",
        discussion: """
            Compiles each rule, runs its top level in the sandbox and looks for
            `process`. Without a configuration any output name is taken as known;
            `--to NAME` lists the ones that exist. Status 1 says that there is
            something wrong.

            Example:

              sluice check --to auth --to archive route.lua
            """)

    @Argument(help: ArgumentHelp("Rule files.", valueName: "RULE.lua"))
    var rules: [String]

    @Option(name: .customLong("to"), help: ArgumentHelp("An output that exists; may be given again.", valueName: "NAME"))
    var outputs: [String] = []

    @Option(help: ArgumentHelp("Fluent Bit scripts: `fluent-bit`.", valueName: "API"))
    var api: String?

    @Option(help: ArgumentHelp("Function of a Fluent Bit script.", valueName: "NAME"))
    var call: String?

    @Option(help: "Form of the report: text or json.")
    var format: ReportFormat = .text

    func run() throws {
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
        switch format {
        case .text: reportText(failures, isComplete: unreadable == nil)
        case .json: reportJSON(failures)
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

    private func reportText(_ failures: [RuleFailure], isComplete: Bool) {
        for failure in failures { Terminal.say(failure.rendered()) }
        if failures.isEmpty, isComplete {
            Terminal.out("\(rules.count) rule\(rules.count == 1 ? "" : "s") checked: no problem found")
        }
    }

    private func reportJSON(_ failures: [RuleFailure]) {
        let problems = failures.map { failure in
            JSONText.object([
                ("rule", JSONText.literal(failure.rule)), ("file", JSONText.literal(failure.chunk)),
                ("line", failure.line > 0 ? String(failure.line) : "null"),
                ("column", failure.excerpt.map { String($0.column) } ?? "null"),
                ("kind", JSONText.literal(failure.kind.rawValue)),
                ("message", JSONText.literal(failure.message)),
            ])
        }
        Terminal.out("{\"checked\":\(rules.count),\"problems\":[\(problems.joined(separator: ","))]}")
    }
}
