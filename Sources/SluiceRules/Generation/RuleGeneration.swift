/// A set of rules that was loaded once and found good, with everything that lanes need to load it again: its texts, what its
/// files held, the names that it uses.
///
/// Immutable and shared by all lanes. ``check(number:rules:outputs:inputs:limits:context:after:)`` makes one; lanes begin with
/// one (``RuleLane/init(generation:limits:context:states:catchesKeptEvents:)``) or adopt it while they live
/// (``RuleLane/stage(_:)``).
package struct RuleGeneration: Sendable {
    /// Outputs that there may be.
    package static let outputsMax = 64

    /// Counts the generations of a process.
    package let number: Int
    /// The rules, by index.
    package let rules: [RuleSource]
    /// Names of outputs; the index is the bit in `sl_event.outputs`. An empty name is a bit that no output has.
    package let outputs: [String]
    /// Names of inputs by `sl_event.source`.
    package let inputs: [String]
    /// What each rule's `state_version` says, 1 without.
    package let stateVersions: [Int64]
    /// What rules read while they loaded, and what they looked for in vain: what has to be watched.
    package let files: RuleFiles

    /// A generation of which nothing is known yet.
    init(number: Int, rules: [RuleSource], outputs: [String], inputs: [String], files: RuleFiles = RuleFiles(), stateVersions: [Int64] = [])
    {
        precondition(outputs.count <= RuleGeneration.outputsMax, "there are at most \(RuleGeneration.outputsMax) outputs")
        self.number = number
        self.rules = rules
        self.outputs = outputs
        self.inputs = inputs
        self.files = files
        self.stateVersions = stateVersions
    }

    /// Loads rules in a fresh state, which is given up again: compiles them, resolves outputs and inputs, runs each top level with
    /// an empty `state`, reads modules and lookup tables. Tables whose files are the same as in the generation `after` which it
    /// comes are taken from there. `context` is one of its own.
    package static func check(
        number: Int, rules: [RuleSource], outputs: [String], inputs: [String], limits: RuleLimits = RuleLimits(),
        context: HostContext, after earlier: RuleGeneration? = nil
    ) throws(RuleRefusal) -> RuleGeneration {
        let candidate = RuleGeneration(
            number: number, rules: rules, outputs: outputs, inputs: inputs, files: RuleFiles(after: earlier?.files))
        do throws(RuleFailure) {
            return try RuleLane(generation: candidate, limits: limits, context: context).generation
        } catch {
            throw RuleRefusal(failure: error, requests: context.files.requests)
        }
    }

    /// The same with what loading it has brought.
    func loaded(files: RuleFiles, stateVersions: [Int64]) -> RuleGeneration {
        RuleGeneration(
            number: number, rules: rules, outputs: outputs, inputs: inputs, files: files.sealed(), stateVersions: stateVersions)
    }
}

/// Rules that were not found good.
package struct RuleRefusal: Error, Sendable {
    /// Why.
    package let failure: RuleFailure
    /// Files that were asked for until then: a change of one is a reason to try again.
    package let requests: [RuleFiles.Request]
}
