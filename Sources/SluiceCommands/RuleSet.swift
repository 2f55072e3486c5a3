import SluiceConfig
import SluiceEngine
import SluiceRules

/// The rules of a configuration for verbs that run them without the service.
enum RuleSet {
    /// Reads a configuration and its rules; answers its folder.
    static func read(_ file: String, into setting: inout RuleTestSetting) throws -> String {
        let configuration: ServiceConfiguration
        do throws(ConfigProblems) {
            configuration = try ServiceConfiguration.load(file)
        } catch {
            for problem in error.problems { Terminal.say(problem.rendered()) }
            throw Terminal.fail(
                "the configuration `\(file)` cannot be used",
                error.problems.contains { $0.code == .unreadable && $0.place == nil } ? .missing : .refused)
        }
        setting.rules = try configuration.rules.map { rule in
            let text = try RuleArguments.read(rule.path, api: rule.api, onError: rule.onError).text
            return RuleSource(
                name: rule.name, folder: TestPlan.folder(of: rule.path), text: text, api: rule.api, onError: rule.onError,
                inputs: rule.inputs, path: rule.path)
        }
        setting.outputs = configuration.outputs.map(\.name)
        setting.defaultOutputs = configuration.defaultOutputs.map { configuration.outputs[$0].name }
        setting.inputs = configuration.inputs.map(\.name)
        setting.limits = configuration.limits
        setting.zone = configuration.zone
        return configuration.folder
    }
}
