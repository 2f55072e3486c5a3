import CSluice
import SluiceEvent
import Testing

@testable import SluiceRules

/// `every`, `shutdown` and the top level of a rule.
@Suite struct TimerTests {
    private func line(_ second: Int) -> String {
        #"{"timestamp":"2026-01-01T00:\#(second / 600)\#(second / 60 % 10):\#(second % 60 / 10)\#(second % 10)Z"}"#
    }

    /// Runs lines at these seconds with the clock of the data and answers what was emitted.
    private func emitted(_ rule: String, _ seconds: [Int], before: [String] = []) throws -> (lane: LaneFixture, lines: [String]) {
        let lane = try LaneFixture(rule, more: ["function process() end"])
        lane.lane.setClock(1_800_000_000_000_000_000, followsData: true)
        for line in before + seconds.map(line) { lane.add(json: line) }
        return (lane, lane.runJSON().filter { !$0.contains("timestamp") })
    }

    static let ticking = """
        local start
        every("10s", function() emit({tick = time.now():unix() - start}) end)
        function process(event) start = start or (event.timestamp and event.timestamp:unix()) end
        """

    @Test func `a timer's first turn is one interval after the first time of the data`() throws {
        #expect(try emitted(Self.ticking, [0, 9, 10, 11, 19, 20]).lines == [#"{"tick":10}"#, #"{"tick":20}"#])
    }

    @Test func `a timer fires at most once between two events`() throws {
        #expect(try emitted(Self.ticking, [0, 95, 96, 99, 100]).lines == [#"{"tick":95}"#, #"{"tick":100}"#])
    }

    @Test func `the clock never goes backwards`() throws {
        #expect(try emitted(Self.ticking, [20, 5, 25, 30, 12, 31]).lines == [#"{"tick":10}"#])
    }

    @Test func `events without a time do not move the clock`() throws {
        #expect(try emitted(Self.ticking, [0, 10], before: ["{}", "{}"]).lines == ["{}", "{}", #"{"tick":10}"#])
    }

    @Test func `emitted events do not move the clock`() throws {
        let rule = """
            every("10s", function() emit({tick = 1}) end)
            function process(event) emit({timestamp = event.timestamp + 3600, e = 1}) end
            """
        #expect(try emitted(rule, [0, 1, 2]).lines == [])
    }

    @Test func `event and also are errors in a timer, which goes on firing`() throws {
        let rule = """
            local kept
            every("1s", function() also("a") end)
            every("1s", function() kept.x = 1 end)
            every("1s", function() emit({ok = 1}) error("late") end)
            every("1s", function() emit({ok = 2}) end)
            function process(event) kept = event end
            """
        let (lane, lines) = try emitted(rule, [0, 1])
        #expect(lines == [#"{"ok":2}"#])
        #expect(
            lane.failures.map(\.message) == [
                "`also` needs an event: there is none in a timer",
                "`event` is only there while `process` runs; `clone(event)` keeps a copy", "late",
            ])
        #expect(lane.lane.totals.timer_failures == 3)
    }

    @Test func `what a timer emits goes on with the next rule`() throws {
        let lane = try LaneFixture(
            "every('1s', function() emit({t = 1}) end)\nfunction process(event) event.first = 1 end",
            more: ["function process(event, meta) event.input = meta.input or null end"])
        lane.lane.setClock(0, followsData: true)
        for second in [0, 1] { lane.add(json: line(second)) }
        #expect(lane.runJSON()[1] == #"{"t":1,"input":null}"#)
    }

    @Test(arguments: ["'10'", "'x'", "0", "-1", "nil", "'0s'", "{}"])
    func `every takes a duration`(interval: String) throws {
        let failure = #expect(throws: RuleFailure.self) { try LaneFixture("every(\(interval), print)\nfunction process() end") }
        #expect(failure?.message == "`every` takes a duration such as \"10s\" or \"250ms\", and a function")
    }

    @Test func `every works at the top level only`() throws {
        #expect(
            try LaneFixture.json("{}", "every('1s', print)") == "`every` is called at the top level of a rule, not while it runs")
    }

    @Test func `at the top level emit, also and meta are errors`() throws {
        for (code, message) in [
            ("emit({})", "`emit` needs a running pipeline: there is none at the top level of a rule"),
            ("also('a')", "`also` needs an event: there is none in the top level of a rule"),
        ] {
            let failure = #expect(throws: RuleFailure.self) { try LaneFixture(code + "\nfunction process() end") }
            #expect(failure?.message == message)
        }
    }

    @Test func `shutdown is called once and what it emits is delivered through the rules behind`() throws {
        let lane = try LaneFixture(
            "local n = 0\nfunction process(event) n = n + 1 end\nfunction shutdown() emit({bye = n}) emit({x = 1}, 'a') end",
            more: ["function process(event) event.seen = true end\nfunction shutdown() emit({last = true}) end"])
        lane.add(json: "{}")
        _ = lane.runJSON()
        for _ in 1...2 { lane.lane.shutdown(lane.batch) { failure, _ in lane.failures.append(failure) } }
        #expect(lane.encoded() == [#"{"seen":true}"#, #"{"bye":1,"seen":true}"#, #"{"x":1} routed a"#, #"{"last":true}"#])
        #expect(lane.failures.isEmpty)
    }

    @Test func `a failing shutdown is counted and the next rule's is called`() throws {
        let lane = try LaneFixture(
            "function process() end\nfunction shutdown() emit({lost = 1}) also('a') end",
            more: ["function process() end\nfunction shutdown() emit({bye = 1}) end"])
        lane.lane.shutdown(lane.batch) { failure, _ in lane.failures.append(failure) }
        #expect(lane.encoded() == [#"{"bye":1}"#])
        #expect(lane.failures.map(\.message) == ["`also` needs an event: there is none in `shutdown`"])
    }
}

/// Timers on the wall clock.
@Suite struct WallClockTests {
    private func lane(_ code: String, more: [String] = []) throws -> LaneFixture {
        let lane = try LaneFixture(code, more: more)
        lane.lane.setClock(1_000_000_000, followsData: false)
        return lane
    }

    private func timers(_ lane: LaneFixture, at seconds: Double) -> [String] {
        lane.batch.clear()
        lane.lane.advanceClock(Int64(seconds * 1e9))
        lane.lane.runTimers(lane.batch) { failure, _ in lane.failures.append(failure) }
        return lane.encoded()
    }

    @Test func `timers fire without events, and moving the clock does not start them over`() throws {
        let lane = try lane(
            "every('2s', function() emit({t = time.now():unix()}) end) function process() end",
            more: ["function process(event) event.seen = true end"])
        #expect(lane.lane.nextTimer == 3_000_000_000)
        #expect(timers(lane, at: 2.9) == [])
        #expect(timers(lane, at: 3) == [#"{"t":3,"seen":true}"#])
        #expect(lane.lane.nextTimer == 5_000_000_000)
        #expect(timers(lane, at: 9.5) == [#"{"t":9,"seen":true}"#])
        #expect(lane.lane.nextTimer == 11_000_000_000)
        #expect(timers(lane, at: 4) == [])
        #expect(lane.lane.nextTimer == 11_000_000_000)
    }

    @Test func `a failing timer is told and counted, the others fire`() throws {
        let lane = try lane(
            "every('1s', function() emit({lost = 1}) error('late') end) every('1s', function() emit({ok = 1}) end) function process() end")
        #expect(timers(lane, at: 2) == [#"{"ok":1}"#])
        #expect(lane.failures.map(\.message) == ["late"])
        #expect(lane.lane.failuresByRule == ["rule.lua": 1])
        #expect(lane.lane.totals.timers_fired == 1)
    }

    @Test func `events do not move the wall clock, but fire what is due`() throws {
        let lane = try lane("every('2s', function() emit({t = 1}) end) function process() end")
        lane.add(json: #"{"timestamp":"2026-01-01T00:00:00Z"}"#)
        #expect(lane.runJSON().count == 1)
        lane.batch.clear()
        lane.lane.advanceClock(3_000_000_000)
        lane.add(json: "{}")
        #expect(lane.runJSON() == [#"{"t":1}"#, "{}"])
    }
}
