package import SluiceConfig
import SluiceEncoding
import SluiceEvent
import SluiceLua
import SluiceOutputs
package import SluiceRules

/// Everything that can be found wrong with a configuration without opening a socket or writing anything: the file itself, every
/// rule compiled and loaded in a fresh lane with the configured outputs, what nothing uses, and the tests beside the rules.
///
/// Rules are looked at even when the file is refused, so that one run says all. Tests run when nothing else is wrong.
package struct ConfigurationCheck: Sendable {
    /// Something wrong with a rule.
    package struct RuleProblem: Sendable {
        package let failure: RuleFailure
        /// The rule's file as it is written in the configuration.
        package let file: String

        /// The file that the failure is about: the rule's, or that of a module. Lua knows a rule by its name.
        package var chunk: String { failure.chunk == failure.rule ? file : failure.chunk }

        /// Place, message, source line and caret.
        package func rendered() -> String {
            let place = failure.line > 0 ? "\(chunk):\(failure.line)" : chunk
            return "\(place): \(failure.message)" + (failure.excerpt.map { "\n" + $0.rendered() } ?? "")
        }

        /// A failure of the rule in a file.
        package init(_ failure: RuleFailure, file: String) {
            self.failure = failure
            self.file = file
        }
    }

    /// A test of a rule that failed.
    package struct FailedTest: Sendable {
        /// Where: the expectation, or where the file of tests is at fault.
        package let file: String
        package let line: Int?
        package let column: Int?
        package let message: String
        /// Place, message and everything that is known of it.
        package let rendered: String

        init?(_ result: RuleTestResult) {
            guard let failure = result.failure, let message = result.failureMessage else { return nil }
            line = failure.line > 0 ? failure.line : nil
            file = line.map { String(failure.place.dropLast(":\($0)".count)) } ?? failure.place
            column = failure.excerpt?.column
            self.message = message
            let more = failure.rendered().split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
            rendered = (["\(failure.place): \(message)"] + more.map(String.init)).joined(separator: "\n")
        }
    }

    /// The configuration file.
    package let file: String
    /// Whether the file itself cannot be read.
    package let isMissing: Bool
    /// Problems and warnings of the configuration in the order of the file.
    package let problems: [ConfigProblem]
    /// Problems of rules in the order they run.
    package let ruleProblems: [RuleProblem]
    /// Tests beside the rules that failed, in the order of the rules.
    package let failedTests: [FailedTest]
    /// Numbers of what was looked at.
    package let ruleCount: Int
    package let inputCount: Int
    package let outputCount: Int
    package let testCount: Int

    /// Whether the configuration would be refused.
    package var isRefused: Bool { !ruleProblems.isEmpty || !failedTests.isEmpty || problems.contains { !$0.isWarning } }

    /// Checks a file.
    package init(
        _ file: String, catalogues: ComponentCatalogues = ComponentCatalogues(),
        variable: @escaping (String) -> String? = ConfigReading.environment, now: Int64
    ) {
        self.file = file
        let reading = ConfigReading(folder: ConfigurationGlance.folder(of: file), variable: variable)
        var reader = ConfigurationReader(file: file, catalogues: catalogues, reading: reading)
        var failures: [RuleProblem] = []
        var tests: [RuleTestResult] = []
        var isMissing = false
        do throws(ConfigError) {
            let bytes = try reading.read(file, bytesMax: ConfigReading.fileBytesMax)
            if let root = YAMLReader.node(of: bytes, path: file, secretKeys: catalogues.secretKeys, in: reading) {
                let configuration = reader.read(root)
                let rules = RuleCheck(reader: reader, limits: configuration?.limits ?? RuleLimits(), now: now)
                failures = rules.failures
                if let configuration, failures.isEmpty {
                    rules.warnOfUnused(configuration)
                    if !reading.isRefused { tests = RuleSetTests.results(of: rules.sources, in: configuration) }
                }
            }
        } catch {
            isMissing = error.code == .unreadable
            reading.refuse(error.code, error.message, at: nil)
        }
        self.isMissing = isMissing
        problems = reading.finish()
        ruleProblems = failures
        failedTests = tests.compactMap { FailedTest($0) }
        testCount = tests.count
        ruleCount = reader.rulesRead.count
        inputCount = reader.inputNames.count
        outputCount = reader.outputNames.count
    }
}

/// The rules of a configuration, each loaded alone in a lane of its own, so that the fault of one does not hide another's.
private struct RuleCheck {
    private(set) var failures: [ConfigurationCheck.RuleProblem] = []
    /// The rules that can be read.
    private(set) var sources: [RuleSource] = []
    private let reader: ConfigurationReader
    private var inspections: [RuleInspection] = []

    init(reader: ConfigurationReader, limits: RuleLimits, now: Int64) {
        self.reader = reader
        for rule in reader.rulesRead {
            do throws(ConfigError) {
                let source = try rule.readSource()
                sources.append(source)
                inspections.append(RuleInspection(source: source.text, function: source.api.function))
                if let failure = Self.failure(source, reader, limits, now) {
                    failures.append(ConfigurationCheck.RuleProblem(failure, file: rule.file))
                }
            } catch {
                reader.reading.refuse(error.code, error.message, at: rule.place)
            }
        }
    }

    private static func failure(
        _ source: RuleSource, _ reader: ConfigurationReader, _ limits: RuleLimits, _ now: Int64
    ) -> RuleFailure? {
        do throws(RuleFailure) {
            _ = try RuleLane(
                rules: [source], outputs: reader.outputNames, inputs: reader.inputNames, limits: limits,
                context: HostContext(now: now))
            return nil
        } catch {
            return error
        }
    }

    /// Fields that templates show and nobody sets, outputs that nobody names.
    func warnOfUnused(_ configuration: ServiceConfiguration) {
        let mentioned = Set(inspections.flatMap { $0.outputs.map(\.text) })
        let onError = Set(
            configuration.rules.compactMap { rule -> String? in
                if case .output(let name) = rule.onError { return name }
                return nil
            })
        for (index, output) in configuration.outputs.enumerated()
        where !configuration.defaultOutputs.contains(index) && !mentioned.contains(output.name) && !onError.contains(output.name) {
            reader.reading.warn(
                .invalidValue,
                "no rule names output `\(output.name)`, and it is no default output: only a rule that computes the name reaches it",
                at: output.values.place)
        }
        // A Fluent Bit script names fields in ways that cannot be seen from outside.
        guard configuration.rules.allSatisfy({ $0.api == .sluice }) else { return }
        let known = inspections.reduce(into: Set(StandardFields.names)) { $0.formUnion($1.fields) }
        for output in configuration.outputs {
            warnOfFields(output.encoding?.fieldNames ?? [], known, "encoding", output)
            warnOfFields(output.plan.path?.fieldNames ?? [], known, "path", output)
        }
    }

    private func warnOfFields(_ names: [String], _ known: Set<String>, _ key: String, _ output: OutputConfiguration) {
        for name in names {
            let root = name.split(separator: ".", maxSplits: 1).first.map(String.init) ?? name
            if known.contains(name) || known.contains(root) { continue }
            let near = Suggestion.nearest(to: root, in: known.sorted()).map { "; did you mean `\($0)`?" } ?? ""
            reader.reading.warn(
                .unknownName, "field `\(name)` in `\(key)` of output `\(output.name)` is no standard field, and no rule names it\(near)",
                at: output.values.place(of: key))
        }
    }
}
