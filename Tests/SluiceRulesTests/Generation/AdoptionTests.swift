import CSluice
import SluiceEvent
import Testing

@testable import SluiceRules

/// A living lane changes its rules between two batches.
@Suite struct AdoptionTests {
    static let counting = "function process(event) state.n = (state.n or 0) + 1 event.n = state.n end"

    @Test func `state goes along by reference, with what is no plain data in it`() throws {
        let lane = try GenerationFixture([
            ("r", "state.f, state.t = function() return 7 end, {} state.same = state.t\n" + Self.counting)
        ])
        #expect(lane.run() == #"{"n":1}"#)
        try lane.adopt([
            ("r", "local kept = state function process(event) event.n, event.f, event.same = kept.n, kept.f(), kept.t == kept.same end")
        ])
        #expect(lane.run() == #"{"same":true,"f":7,"n":1}"#)
    }

    @Test func `until the commit the old rules run, and after it only the new ones`() throws {
        let lane = try GenerationFixture([("a", Self.counting), ("b", "function process(event) event.b = 1 end")])
        _ = lane.run()
        try lane.lane.lane.stage(
            try lane.check([
                ("c", "function process(event) event.c = 1 end"),
                ("a", "state.new = 5 function process(event) event.n = state.n event.new = state.new end"),
                ("d", "function process(event) return 'b' end"),
            ]))
        #expect(lane.run() == #"{"n":2,"b":1}"#)
        #expect(lane.lane.lane.generation.number == 1)
        try lane.lane.lane.commit()
        #expect(lane.run() == #"{"c":1,"n":2,"new":5} routed b"#)
        #expect(lane.lane.lane.generation.number == 2)
        #expect(lane.lane.lane.rules.map(\.name) == ["c", "a", "d"])
    }

    @Test func `what new top levels write to state is not there before the commit, nor after a refusal`() throws {
        let code = """
            state.list, state.gone, state.deep = {1, 2}, "x", {a = {b = 1}}
            function process(event) event.json = json.encode(state) end
            """
        let lane = try GenerationFixture([("r", code)])
        let before = lane.run()
        let meddling = """
            state.new = {1}
            if state.list then
              state.list[3], state.list[1], state.gone, state.deep.a.b, state.deep.a = 3, "one", nil, nil, {c = 2}
            end
            function process(event) event.json = json.encode(state) end
            """
        try lane.lane.lane.stage(try lane.check([("r", meddling)]))
        #expect(lane.run() == before)
        lane.lane.lane.abandon()
        #expect(lane.run() == before)
        try lane.lane.lane.stage(try lane.check([("r", meddling)]))
        try lane.lane.lane.commit()
        #expect(lane.run() == #"{"json":"{\"deep\":{\"a\":{\"c\":2}},\"list\":[\"one\",2,3],\"new\":[1]}"}"#)
    }

    @Test func `a rule that fails in the lane alone leaves the old generation and its state as they were`() throws {
        let lane = try GenerationFixture([("first", "function process() end"), ("r", Self.counting)])
        _ = lane.run()
        let next = try lane.check([
            ("first", "function process(event) event.first = 2 end"),
            (
                "r",
                "local before = state.n state.n = 100 state.list = {} if before then error('seen: ' .. before) end function process() end"
            ),
        ])
        let failure = #expect(throws: RuleFailure.self) { try lane.lane.lane.stage(next) }
        #expect(failure?.summary == "r:1: seen: 1")
        #expect(lane.run() == #"{"n":2}"#)
        #expect(lane.lane.lane.generation.number == 1)
    }

    @Test func `migrate makes the new state of the old one`() throws {
        let lane = try GenerationFixture([
            ("r", "state.hosts = {} function process(event) state.hosts[#state.hosts + 1] = event.h event.count = #state.hosts end")
        ])
        _ = lane.run(#"{"h":"a"}"#)
        _ = lane.run(#"{"h":"b"}"#)
        let next = """
            state_version = 2
            local seen = state.seen or {}
            function migrate(old, version)
              local new = {seen = {}, from = version}
              for _, host in ipairs(old.hosts) do new.seen[host] = true end
              old.hosts = nil
              return new
            end
            function process(event) event.a, event.c, event.from, event.same = seen.a, seen.c or false, state.from, seen == state.seen end
            """
        try lane.lane.lane.stage(try lane.check([("r", next)]))
        #expect(lane.run(#"{"h":"c"}"#) == #"{"h":"c","count":3}"#)
        lane.lane.lane.abandon()
        #expect(lane.run(#"{"h":"c"}"#) == #"{"h":"c","count":4}"#)
        try lane.adopt([("r", next)])
        #expect(lane.run() == #"{"same":true,"from":1,"c":true,"a":true}"#)
        // The next reload of the same version takes the state as it is.
        try lane.adopt([("r", next)])
        #expect(lane.run() == #"{"same":true,"from":1,"c":true,"a":true}"#)
    }

    @Test(arguments: [
        (
            "state_version = 2",
            "`state_version` is 2 and the kept `state` is of version 1: the rule needs `function migrate(old_state, old_version)`"
        ),
        ("state_version = 2 function migrate(s) s.n = 99 s.x = {} end", "`migrate` returned nil instead of the new state, a table"),
        ("state_version = 2 function migrate(s) s.n = 99 error('cannot') end", "cannot"),
        ("state_version = 2 function migrate(s) s.n = nil return {n = 's'} end if state.n then error('top') end", "top"),
    ])
    func `a migrate that fails refuses the generation and changes nothing`(code: String, message: String) throws {
        let lane = try GenerationFixture([("r", Self.counting)])
        _ = lane.run()
        let failure = #expect(throws: RuleFailure.self) {
            try lane.lane.lane.stage(try lane.check([("r", code + "\nfunction process() end")]))
        }
        #expect(failure?.message == message)
        #expect(lane.run() == #"{"n":2}"#)
    }

    @Test(arguments: ["0", "1.5", "'2'", "{}", "-1"])
    func `a state version is a whole number from 1`(version: String) throws {
        let refusal = #expect(throws: RuleRefusal.self) {
            try GenerationFixture([("r", "state_version = \(version) function process() end")])
        }
        #expect(refusal?.failure.message.hasPrefix("`state_version` is a whole number from 1, not ") == true)
    }

    @Test func `timers of the new generation replace the old ones and keep their time`() throws {
        let lane = try GenerationFixture([
            ("r", "every('10s', function() emit({old = 10}) end) every('4s', function() emit({old = 4}) end) function process() end"),
            ("gone", "every('1s', function() emit({gone = 1}) end) function process() end"),
        ])
        #expect(lane.lane.lane.nextTimer == 1_000_000_000)
        #expect(lane.timers(at: 3) == [#"{"gone":1}"#])
        try lane.adopt([
            ("r", "every('10s', function() emit({new = 10}) end) every('5s', function() emit({new = 5}) end) function process() end")
        ])
        #expect(lane.lane.lane.nextTimer == 8_000_000_000)
        #expect(lane.timers(at: 7) == [])
        #expect(lane.timers(at: 8) == [#"{"new":5}"#])
        #expect(lane.timers(at: 10) == [#"{"new":10}"#])
        try lane.adopt([("r", "function process() end")])
        #expect(lane.lane.lane.nextTimer == nil)
    }

    @Test func `outputs and inputs change with the generation`() throws {
        let lane = try GenerationFixture([("r", "function process(event, meta) event.input = meta.input return event.to or 'b' end")])
        #expect(lane.run() == #"{"input":"in"} routed b"#)
        let code = "function process(event, meta) event.input = meta.input return event.to or 'z' end"
        let next = try lane.check([("r", code)], outputs: ["stdout", "", "z", "b"], inputs: ["x", "in"])
        try lane.lane.lane.stage(next)
        try lane.lane.lane.commit()
        #expect(lane.run() == #"{"input":"x"} routed z"#)
        #expect(lane.run(#"{"to":"b"}"#, source: 1) == #"{"to":"b","input":"in"} routed b"#)
        #expect(lane.run(#"{"to":"a"}"#) == #"{"to":"a"} failed"#)
        #expect(lane.lane.failures.last?.message == "unknown output `a`; known: `stdout`, `z`, `b`")
        #expect(lane.run(#"{"to":""}"#) == #"{"to":""} failed"#)
    }

    @Test func `what dedup remembers goes along by the rule's name`() throws {
        let code = "function process(event) event.again = dedup('k', '60s') end"
        let lane = try GenerationFixture([("r", code)])
        #expect(lane.run() == #"{"again":false}"#)
        try lane.adopt([("other", code), ("r", code)])
        #expect(lane.run() == #"{"again":true}"#)
        try lane.adopt([("new", code)])
        #expect(lane.run() == #"{"again":false}"#)
    }

    @Test func `a lane without rules can get some and lose them`() throws {
        let lane = try GenerationFixture([])
        #expect(lane.run() == "{}")
        try lane.adopt([("r", "function process(event) event.a = 1 end")])
        #expect(lane.run() == #"{"a":1}"#)
        try lane.adopt([])
        #expect(lane.run() == "{}")
    }

    @Test func `a Fluent Bit script can be adopted`() throws {
        let lane = try GenerationFixture([("r", Self.counting)])
        let script = "function cb(tag, ts, record) record.text = string.format('%d', 2.7) return 1, ts, record end"
        let api = RuleSource.API.fluentBit(function: "cb", timeAsTable: false, environment: [("A", "b")])
        for _ in 1...2 {
            let next = try RuleGeneration.check(
                number: 2, rules: [RuleSource(name: "f", folder: ".", text: Array(script.utf8), api: api)],
                outputs: ["stdout"], inputs: ["in"], context: HostContext())
            try lane.lane.lane.stage(next)
            try lane.lane.lane.commit()
        }
        #expect(lane.run(#"{"timestamp":"2026-01-01T00:00:00Z"}"#).contains(#""text":"2""#))
    }
}
