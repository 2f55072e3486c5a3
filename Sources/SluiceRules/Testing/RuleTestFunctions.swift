import SluiceConfig

/// What the prelude of rule tests calls: the library `testing`, which no other lane has and no test file sees.
enum RuleTestFunctions {
    static let functions: [HostFunction] = [
        function("reset", []) { session, _ in session.definitions.removeAll() },
        function("define", [text("name"), text("place")]) { session, call in
            session.define(call.string(0), place: call.string(1), call)
        },
        function("current", []) { session, call in call.push(Int64(session.current + 1)) },
        function("check", [text("name")]) { session, call in _ = session.isRunning(call, call.string(0)) },
        function("meta", [any("name"), any("value")]) { session, call in
            guard call.kind(0) == .string, call.kind(1) == .string else {
                return call.fail("`meta.\(call.string(0))` takes text, not \(call.kind(1).luaName)")
            }
            session.pendingMeta.append((call.string(0), Array(call.bytes(1))))
        },
        function(
            "run",
            [
                HostParameter("whole", .boolean, ""), optional("text", .string), optional("format", .string),
                optional("message_format", .string), optional("input", .string), optional("peer", .string),
                optional("received", [.string, .timestamp]), optional("timezone", .string),
            ]
        ) { session, call in session.run(call) },
        function("advance", [.optional("duration", .any, "")]) { session, call in
            guard let duration = duration(call) else {
                return call.fail("`advance` takes a duration such as \"60s\" or a number of seconds")
            }
            session.advance(by: duration, call)
        },
        function("show", [HostParameter("index", .integer, "")]) { session, call in session.show(Int(call.integer(0))) },
        function("unknown", [text("name"), text("what"), optional("known", .string)]) { _, call in
            let known = call.has(2) ? call.string(2) : "format input message_format meta peer received timezone"
            call.push(
                OptionValues.unknown(
                    call.string(0), in: known.split(separator: " ").map(String.init).sorted(), what: call.string(1), of: nil))
        },
        function("fail", [text("matcher"), text("message"), optional("expected", .string), optional("got", .string)]) {
            session, call in
            session.unmet = RuleTestSession.Unmet(
                matcher: call.string(0), message: call.string(1), expected: call.has(2) ? call.string(2) : nil,
                got: call.has(3) ? call.string(3) : nil)
        },
    ]

    private static func function(
        _ name: String, _ parameters: [HostParameter], _ body: @escaping @Sendable (RuleTestSession, HostCall) -> Void
    ) -> HostFunction {
        HostFunction("testing", name, parameters, returns: [], "", example: "") { call, context in
            guard let session = context.testSession else { return call.fail("there are no tests here") }
            body(session, call)
        }
    }

    private static func duration(_ call: HostCall) -> Int64? {
        if call.kind(0) == .string { return NumberText.duration(call.bytes(0)) }
        guard call.has(0), call.kind(0).isSubset(of: .number) else { return nil }
        let nanoseconds = call.number(0) * 1e9
        return nanoseconds >= 0 && nanoseconds < 9e18 ? Int64(nanoseconds) : nil
    }

    private static func text(_ name: String) -> HostParameter { HostParameter(name, .string, "") }

    private static func any(_ name: String) -> HostParameter { HostParameter(name, .any, "") }

    private static func optional(_ name: String, _ kinds: HostKind) -> HostParameter { .optional(name, kinds, "") }
}
