/// A rule's `state` as bytes, to be kept where it outlives the process.
package struct RuleState: Sendable, Equatable {
    /// Name of the rule.
    package let rule: String
    /// The `state_version` of the rule that wrote it.
    package let version: Int64
    /// The table, in the form of `lua_state.c`.
    package let bytes: [UInt8]

    /// A state that was kept.
    package init(rule: String, version: Int64, bytes: [UInt8]) {
        self.rule = rule
        self.version = version
        self.bytes = bytes
    }
}

/// What is new about a rule's `state`.
package enum StateSnapshot: Sendable, Equatable {
    /// It is other than at the last snapshot.
    case changed(RuleState)
    /// It cannot be kept: something in it is no plain data, or it is too large. What was kept before stays.
    case refused(rule: String, reason: String)
}

/// Remembers what was last said of each rule's state, so that the same is not said twice.
struct StateMemory {
    private var last: [String: KeyHash] = [:]

    /// Whether a snapshot is news.
    mutating func isNew(_ snapshot: StateSnapshot) -> Bool {
        switch snapshot {
        case .changed(let state): note(state.rule, KeyHash(state.bytes, salt: UInt64(bitPattern: state.version)))
        case .refused(let rule, let reason): note(rule, KeyHash(Array(reason.utf8), salt: .max))
        }
    }

    private mutating func note(_ rule: String, _ hash: KeyHash) -> Bool {
        if last[rule] == hash { return false }
        last[rule] = hash
        return true
    }

    /// Forgets rules that are no more.
    mutating func keep(only rules: [RuleSource]) { last = last.filter { name, _ in rules.contains { $0.name == name } } }
}

extension KeyHash {
    /// Hash of an array's bytes.
    init(_ bytes: [UInt8], salt: UInt64) {
        self = bytes.withUnsafeBytes { KeyHash($0, salt: salt) }
    }
}
