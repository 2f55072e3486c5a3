import CSluice
import SluiceEvent
import Testing

@testable import SluiceRules

/// `state` that outlives the process.
@Suite struct RuleStateTests {
    private static func states(_ lane: GenerationFixture, all: Bool = false) -> [RuleState] {
        lane.lane.lane.stateSnapshots(all: all).compactMap { if case .changed(let state) = $0 { state } else { nil } }
    }

    @Test func `a state is there again when the top level runs`() throws {
        let code = """
            local kept = state
            state.list = state.list or {}
            function process(event)
              kept.n = (kept.n or 0) + 1
              kept.list[#kept.list + 1] = event.timestamp or null
              event.n, event.list = kept.n, kept.list
            end
            """
        let first = try GenerationFixture([("r", code), ("s", AdoptionTests.counting)])
        _ = first.run(#"{"timestamp":"2026-01-01T00:00:00.5+01:00"}"#)
        let states = Self.states(first)
        #expect(states.map { "\($0.rule) \($0.version)" } == ["r 1", "s 1"])
        let second = try GenerationFixture([("r", code)], states: states)
        #expect(second.run() == #"{"list":["2026-01-01T00:00:00.5+01:00",null],"n":2}"#)
    }

    @Test func `what did not change is not told again`() throws {
        let lane = try GenerationFixture([
            ("r", "function process(event) state.n = event.n end"), ("s", "function process() end"),
            ("t", "every('1s', function() state.ticks = (state.ticks or 0) + 1 end) function process() end"),
        ])
        #expect(Self.states(lane).map(\.rule) == ["r", "s", "t"])
        #expect(Self.states(lane) == [])
        _ = lane.run(#"{"n":1}"#)
        #expect(Self.states(lane).map(\.rule) == ["r"])
        _ = lane.run(#"{"n":1}"#)
        #expect(Self.states(lane) == [])
        _ = lane.timers(at: 1)
        #expect(Self.states(lane).map(\.rule) == ["t"])
        #expect(Self.states(lane, all: true).map(\.rule) == ["r", "s", "t"])
        try lane.adopt([("r", "state_version = 2 function migrate(old) return {m = old.n} end function process() end")])
        #expect(Self.states(lane).map { "\($0.rule) \($0.version)" } == ["r 2"])
    }

    @Test func `what is no plain data is told once with its path, and the others are kept`() throws {
        let lane = try GenerationFixture([
            ("r", "function process(event) state.a = {b = event.ok and 1 or print} state.n = (state.n or 0) + 1 end"),
            ("s", AdoptionTests.counting),
        ])
        _ = lane.run()
        let reason = "`state.a.b` holds a function, which is no plain data"
        #expect(lane.lane.lane.stateSnapshots().first == .refused(rule: "r", reason: reason))
        _ = lane.run()
        #expect(Self.states(lane).map(\.rule) == ["s"])
        _ = lane.run(#"{"ok":true}"#)
        #expect(Self.states(lane).map(\.rule) == ["r", "s"])
    }

    @Test func `a state over the limit is told`() throws {
        var limits = RuleLimits()
        limits.stateBytesMax = 100
        let lane = try GenerationFixture([("r", "function process() state.a = ('x'):rep(200) end")], limits: limits)
        _ = lane.run()
        #expect(lane.lane.lane.stateSnapshots() == [.refused(rule: "r", reason: "`state.a` makes the state larger than `state_limit`")])
    }

    @Test func `a kept state of another version is migrated at the start`() throws {
        let first = try GenerationFixture([("r", AdoptionTests.counting)])
        _ = first.run()
        let code =
            "state_version = 3 local n = state.total function migrate(old, v) return {total = old.n + v} end function process(event) event.n = n end"
        let second = try GenerationFixture([("r", code)], states: Self.states(first))
        #expect(second.run() == #"{"n":2}"#)
        #expect(Self.states(second).map(\.version) == [3])
        let failure = #expect(throws: RuleFailure.self) {
            try GenerationFixture([("r", "state_version = 2 function process() end")], states: Self.states(first, all: true))
        }
        #expect(failure?.message.hasPrefix("`state_version` is 2 and the kept `state` is of version 1") == true)
    }

    @Test func `a damaged state refuses the rule instead of being taken for an empty one`() throws {
        let first = try GenerationFixture([("r", AdoptionTests.counting)])
        _ = first.run()
        let bytes = Self.states(first)[0].bytes
        for length in 0..<bytes.count {
            let state = RuleState(rule: "r", version: 1, bytes: Array(bytes[..<length]))
            #expect(throws: RuleFailure.self) { try GenerationFixture([("r", AdoptionTests.counting)], states: [state]) }
        }
    }
}
