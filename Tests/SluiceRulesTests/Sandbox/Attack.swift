import Testing

@testable import SluiceRules

/// A piece of Lua that tries to hold up a lane, to fill its memory or to get out of the sandbox.
struct Attack: Sendable, CustomTestStringConvertible {
    /// What has to come of it.
    enum Outcome: Sendable {
        /// The event fails with one of these kinds.
        case fails(Set<RuleFailure.Kind>)
        /// The attempt is refused: the code checks it itself and the event passes.
        case refused
    }

    let name: String
    let outcome: Outcome
    /// What stands at the rule's top level.
    let top: String
    /// What runs for the event.
    let body: String

    var testDescription: String { name }

    private init(_ name: String, _ outcome: Outcome, _ top: String, _ body: String) {
        self.name = name
        self.outcome = outcome
        self.top = top
        self.body = body
    }

    static func time(_ name: String, top: String = "", _ body: String) -> Attack { Attack(name, .fails([.time]), top, body) }

    static func memory(_ name: String, top: String = "", _ body: String) -> Attack { Attack(name, .fails([.memory]), top, body) }

    static func runtime(_ name: String, top: String = "", _ body: String) -> Attack {
        Attack(name, .fails([.runtime]), top, body)
    }

    /// Which limit is met first depends on the machine.
    static func limit(_ name: String, top: String = "", _ body: String) -> Attack {
        Attack(name, .fails([.time, .memory, .runtime]), top, body)
    }

    static func refused(_ name: String, top: String = "", _ body: String) -> Attack { Attack(name, .refused, top, body) }

    /// The rule: the attack at the event with `n` 1, nothing at any other.
    var rule: String {
        """
        local function fails(f, ...) local ok = pcall(f, ...) assert(not ok, "was let through") end
        \(top)
        function process(event, meta)
          if event.n ~= 1 then return end
          \(body)
        end
        """
    }

    static let all =
        loops + handlers + metamethods + libraries + patterns + chunks + recursions + allocations + errors + events + escapes
}
