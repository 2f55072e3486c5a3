/// One function of the Lua API that Swift carries out, declared once: registration, argument check, editor definitions and
/// the reference page come from here.
package struct HostFunction: Sendable {
    /// What carries a call out. Reads arguments that were checked, answers by value, keeps nothing of the call.
    package typealias Body = @Sendable (HostCall, HostContext) -> Void

    /// Library (a global table), `timestamp` for methods of timestamps, or empty for a global function.
    package let library: String
    /// Name within the library.
    package let name: String
    /// What it takes, in order; only the last may be repeated.
    package let parameters: [HostParameter]
    /// What it answers, in order.
    package let results: [HostResult]
    /// What it does, in one sentence.
    package let summary: String
    /// What else a user has to know; may be empty.
    package let notes: String
    /// Lua code that shows the use.
    package let example: String
    /// Only the binding calls it: neither listed for editors nor on the reference page.
    package let isHidden: Bool
    /// Carries a call out.
    package let body: Body

    /// A function.
    package init(
        _ library: String, _ name: String, _ parameters: [HostParameter], returns results: [HostResult],
        _ summary: String, notes: String = "", example: String, isHidden: Bool = false, body: @escaping Body
    ) {
        self.library = library
        self.name = name
        self.parameters = parameters
        self.results = results
        self.summary = summary
        self.notes = notes
        self.example = example
        self.isHidden = isHidden
        self.body = body
    }

    /// Whether the first argument is the timestamp whose method this is.
    package var isMethod: Bool { library == HostFunction.methods }

    /// Name as users call it: `ip.contains`, `timestamp:format`, `dedup`.
    package var fullName: String {
        if library.isEmpty { return name }
        return library + (isMethod ? ":" : ".") + name
    }

    /// Whether the one result is a handle that the binding has to make a table of (see ``HostResult/finder``).
    package var makesFinder: Bool { results == [.finder] }

    /// Library name of the functions that become methods of timestamps.
    package static let methods = "timestamp"
}

/// A parameter of a host function.
package struct HostParameter: Sendable {
    /// Name as reference and editors show it.
    package let name: String
    /// What the argument may be.
    package let kinds: HostKind
    /// Type as editors know it; made from the kinds unless given.
    package let type: String
    /// Whether it may be left out or nil.
    package let isOptional: Bool
    /// Whether any number of further arguments of this kind may follow.
    package let isRepeated: Bool
    /// One line for reference and editors.
    package let summary: String

    /// A required parameter.
    package init(_ name: String, _ kinds: HostKind, type: String? = nil, _ summary: String) {
        self.init(name, kinds, type: type, optional: false, repeated: false, summary)
    }

    /// A parameter that may be left out or nil.
    package static func optional(_ name: String, _ kinds: HostKind, type: String? = nil, _ summary: String) -> HostParameter {
        HostParameter(name, kinds, type: type, optional: true, repeated: false, summary)
    }

    /// Any number of arguments.
    package static func repeated(_ name: String, _ kinds: HostKind, type: String? = nil, _ summary: String) -> HostParameter {
        HostParameter(name, kinds, type: type, optional: true, repeated: true, summary)
    }

    private init(_ name: String, _ kinds: HostKind, type: String?, optional: Bool, repeated: Bool, _ summary: String) {
        self.name = name
        self.kinds = kinds
        self.type = type ?? kinds.definitionType
        isOptional = optional
        isRepeated = repeated
        self.summary = summary
    }
}

/// A result of a host function.
package struct HostResult: Equatable, Sendable {
    /// Name as reference and editors show it; `...` for any number.
    package let name: String
    /// Type as editors know it, `string?` when it may be nil.
    package let type: String
    /// One line for reference and editors.
    package let summary: String

    /// A result.
    package init(_ name: String, _ type: String, _ summary: String) {
        self.name = name
        self.type = type
        self.summary = summary
    }

    /// The result of functions that answer the handle of a ``NetworkTable``: the binding makes a table of it whose `__index`
    /// asks the hidden function `lookup.find(handle, address)`.
    package static let finder = HostResult("table", "table<string, any>", "index it with an address")

    /// The second result of functions that answer nil for data they cannot read.
    package static let reason = HostResult("reason", "string?", "why the first result is nil")
}

extension HostKind {
    /// The type that editors show for these kinds.
    var definitionType: String {
        if self == .integer { return "integer" }
        if self == .duration { return "string|number" }
        let names: [(HostKind, String)] = [
            (.string, "string"), (.number, "number"), (.boolean, "boolean"), (.table, "table"), (.timestamp, "timestamp"),
        ]
        return names.filter { isSuperset(of: $0.0) }.map(\.1).joined(separator: "|")
    }
}
