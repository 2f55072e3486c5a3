/// What the host libraries keep for one rule.
package final class HostRule {
    /// Name of the rule, as messages show it.
    package let name: String
    /// Folder that `lookup` may read below: where the rule's file lies, for `-e` the working directory.
    package let folder: String
    /// What `dedup`, `throttle` and `sample` remember; a reload hands it on to the next generation.
    package let memory: RuleMemory
    var logLimits = [LogLimit](repeating: LogLimit(), count: LogLevel.allCases.count)

    /// A rule; pass the `memory` of the generation before to keep what `dedup` and its like know.
    package init(name: String, folder: String, memory: RuleMemory = RuleMemory()) {
        self.name = name
        self.folder = folder
        self.memory = memory
    }
}

/// What `dedup`, `throttle` and `sample` remember of a rule's keys. Not undone when an event fails.
package final class RuleMemory {
    /// Keys of `dedup`.
    package let dedup = KeyStore()
    /// Keys of `throttle`.
    package let throttle = KeyStore()
    /// Keys of `sample`.
    package let sample = KeyStore()

    /// Nothing remembered.
    package init() {}
}

/// What the host libraries keep for one generation.
struct HostGeneration {
    var rules: [HostRule] = []
    var networkTables: [NetworkTable] = []
    var files = RuleFiles()

    /// The rules of a generation; those that `running` has by name keep what they remember.
    init(_ generation: RuleGeneration, after running: [HostRule]) {
        rules = generation.rules.map { rule in
            HostRule(
                name: rule.name, folder: rule.folder,
                memory: running.first { $0.name == rule.name }?.memory ?? RuleMemory())
        }
        files = generation.files
    }
}
