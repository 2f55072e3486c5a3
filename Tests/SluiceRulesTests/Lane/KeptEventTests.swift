import CSluice
import SluiceEvent
import Testing

@testable import SluiceRules

/// Handles that rules keep beyond their call, in lanes for tests and shadow runs.
@Suite struct KeptEventTests {
    private func lane(_ code: String) throws -> LaneFixture {
        let rule = RuleSource(name: "r.lua", folder: ".", text: Array(code.utf8))
        let generation = try RuleGeneration.check(
            number: 1, rules: [rule], outputs: ["stdout"], inputs: ["in"], context: HostContext())
        let lane = try LaneFixture(generation: generation, catchesKeptEvents: true)
        lane.lane.setClock(0, followsData: true)
        return lane
    }

    @Test(arguments: [
        ("event", "kept.n", "`event` was kept beyond its call; use `clone(event)`"),
        ("event", "emit(kept)", "`event` was kept beyond its call; use `clone(event)`"),
        ("meta", "kept.input", "`meta` was kept beyond its call; copy what is needed of it"),
        ("event.nested", "kept.a", "a nested value of an earlier event was kept; keep `clone(event)` or a copy"),
    ])
    func `a handle that was kept is caught with its line`(what: String, use: String, message: String) throws {
        let lane = try lane("local kept\nfunction process(event, meta)\n  if kept then\n    local x = \(use)\n  end\n  kept = \(what)\nend")
        for n in 1...2 { lane.add(json: #"{"n":\#(n),"nested":{"a":1}}"#) }
        #expect(lane.runJSON() == [#"{"n":1,"nested":{"a":1}}"#, #"{"n":2,"nested":{"a":1}} failed"#])
        #expect(lane.failures.map(\.summary) == ["r.lua:4: " + message])
    }

    @Test func `the handle of a failed event is caught as well, and so is one in a timer`() throws {
        let lane = try lane(
            """
            local kept
            every("1s", function() kept.n = 1 end)
            function process(event)
              if kept then event.old = kept.n end
              kept = event
              error("first")
            end
            """)
        for second in [0, 1] { lane.add(json: #"{"timestamp":"2026-01-01T00:00:0\#(second)Z"}"#) }
        _ = lane.runJSON()
        #expect(
            lane.failures.map(\.summary) == [
                "r.lua:6: first", "r.lua:2: `event` was kept beyond its call; use `clone(event)`",
                "r.lua:4: `event` was kept beyond its call; use `clone(event)`",
            ])
    }

    @Test func `clones can be kept, and several rules share an event's handle`() throws {
        let lane = try lane("local last\nfunction process(event) event.before = last and last.n or null last = clone(event) end")
        for n in 1...2 { lane.add(json: #"{"n":\#(n)}"#) }
        #expect(lane.runJSON() == [#"{"n":1,"before":null}"#, #"{"n":2,"before":1}"#])
    }
}
