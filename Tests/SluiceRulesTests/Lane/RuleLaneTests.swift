import CSluice
import SluiceEvent
import Testing

@testable import SluiceRules

@Suite struct RuleLaneTests {
    @Test func `fields are read, written and deleted in place`() throws {
        let lane = try LaneFixture(
            """
            function process(event)
              event.message = event.message:upper()
              event.b = nil
              event.n = event.n + 1
              event.new = true
            end
            """)
        lane.add([("message", .text("hello")), ("b", .integer(1)), ("n", .integer(41))])
        #expect(lane.run() == ["{message='HELLO' n=42 new=true} defaulted"])
    }

    @Test func `what a failing call changed is undone, what an earlier rule changed stays`() throws {
        let lane = try LaneFixture(
            "function process(event) event.first = 1 also('a') end",
            more: [
                """
                function process(event, meta)
                  event.message = "changed" event.user.name = "x" event.gone = nil meta.index = "i"
                  also("b") emit({a = 1})
                  error("boom")
                end
                """
            ])
        lane.add([("message", .text("m")), ("user", .json(#"{"name":"n"}"#)), ("gone", .null)])
        #expect(lane.run() == [#"{message='m' user={"name":"n"} gone=null first=1} failed"#])
        #expect(lane.failures.map(\.summary) == ["rule2.lua:4: boom"])
    }

    @Test func `decisions route, drop and go on`() throws {
        let lane = try LaneFixture(
            """
            function process(event)
              local n = event.n
              if n == 1 then return drop end
              if n == 2 then return "a" end
              if n == 3 then return "a", "b" end
              if n == 4 then return {"b"} end
              if n == 5 then return pass end
              if n == 6 then also("b") return drop end
              return nil
            end
            """)
        for n in 1...7 { lane.add([("n", .integer(Int64(n)))]) }
        #expect(
            lane.run() == [
                "{n=1} dropped", "{n=2} routed a", "{n=3} routed a,b", "{n=4} routed b", "{n=5} defaulted", "{n=6} dropped b",
                "{n=7} defaulted",
            ])
    }

    @Test func `anything else that is returned is an error that names its type`() throws {
        let lane = try LaneFixture(
            """
            function process(event)
              if event.n == 1 then return true end
              if event.n == 2 then return 5 end
              if event.n == 3 then return nil, "a" end
              if event.n == 4 then return drop, "a" end
              if event.n == 5 then return event end
              if event.n == 6 then return "no" .. "where" end
              if event.n == 7 then return drop() end
            end
            """)
        for n in 1...7 { lane.add([("n", .integer(Int64(n)))]) }
        #expect(lane.run().allSatisfy { $0.hasSuffix("failed") })
        let hint = "; return nothing, `pass`, `drop` or names of outputs"
        #expect(
            lane.failures.map(\.message) == [
                "`process` returned boolean" + hint, "`process` returned number" + hint,
                "`process` returned several values and one of them is nil" + hint,
                "`process` returned several values and one of them is drop" + hint, "`process` returned event" + hint,
                "unknown output `nowhere`; known: `stdout`, `a`, `b`",
                "`drop` is a value and not a function: write `return drop`",
            ])
    }

    @Test func `emitted events follow their source and go on with the next rule`() throws {
        let lane = try LaneFixture(
            """
            function process(event)
              if event.n == 1 then
                emit({z = 1, a = array{}})
                emit(clone(event), "b")
              end
            end
            """, more: ["function process(event) event.seen = true end"])
        lane.add([("n", .integer(1))])
        lane.add([("n", .integer(2))])
        #expect(
            lane.run() == [
                "{n=1 seen=true} defaulted", "{a=[] z=1 seen=true} defaulted", "{n=1} routed b", "{n=2 seen=true} defaulted",
            ])
        #expect(lane.lane.totals.emitted == 2)
    }

    @Test func `an output named as a literal is resolved when the rule loads`() {
        #expect(
            throws: RuleFailure.self
        ) { _ = try LaneFixture("function process(event)\n  if event.x then return 'atuh' end\nend", outputs: ["auth"]) }
        let failure = #expect(throws: RuleFailure.self) {
            try LaneFixture("function process(event)\n  also('atuh')\nend", outputs: ["auth"])
        }
        #expect(
            failure?.rendered() == """
                rule.lua:2: unknown output `atuh`; did you mean `auth`? known: auth
                 2 |   also('atuh')
                   |        ^
                """)
    }

    @Test func `comparing an absent field names it and what to write`() throws {
        let lane = try LaneFixture(
            """
            function process(event)
              local limit = event.limit
              if event.latency > 5 then return drop end
              if limit < 3 then return drop end
            end
            """)
        lane.add([("limit", .integer(1))])
        lane.add([("latency", .integer(1))])
        _ = lane.run()
        #expect(
            lane.failures.map(\.message) == [
                "attempt to compare number with nil: this event has no field `latency`; write `(event.latency or …)`",
                "attempt to compare nil with number: this event has no field `limit`; write `(event.limit or …)`",
            ])
    }

    @Test func `severity and facility are words and codes`() throws {
        let lane = try LaneFixture(
            """
            function process(event)
              event.was = event.severity .. event.severity_code
              event.severity = "error"
              event.facility_code = 10
              event.kept = tostring(event.facility)
              event.warn = nil
            end
            """)
        lane.add([("severity", .severity(4))])
        #expect(lane.run() == ["{severity=severity:3 was='warning4' facility=facility:10 kept='authpriv'} defaulted"])
    }

    @Test func `a rule that fills the memory gets a new state and keeps its state table`() throws {
        var limits = RuleLimits()
        limits.memoryBytes = 4 << 20
        let lane = try LaneFixture(
            """
            state.count = state.count or 0
            local hoard = {}
            kept = hoard
            function process(event)
              state.count = state.count + 1
              event.count = state.count
              if event.n == 2 then
                for i = 1, 1e9 do hoard[i] = ("x"):rep(1000) .. i end
              end
            end
            """, limits: limits)
        for n in 1...3 { lane.add([("n", .integer(Int64(n)))]) }
        #expect(lane.run() == ["{n=1 count=1} defaulted", "{n=2} failed", "{n=3 count=3} defaulted"])
        #expect(lane.failures.map(\.kind) == [.memory])
        #expect(lane.lane.rebuilds == 1)
    }

    @Test func `timers follow the clock of the data and fire at most once between two events`() throws {
        let lane = try LaneFixture(
            """
            every("10s", function() emit({tick = time.now():unix()}) end)
            function process(event) end
            """)
        lane.lane.setClock(0, followsData: true)
        for second in [0, 5, 10, 45, 46] as [Int64] { lane.add([("timestamp", .time(second * 1_000_000_000))]) }
        #expect(
            lane.run() == [
                "{timestamp=time:0} defaulted", "{timestamp=time:5000000000} defaulted", "{tick=10} defaulted",
                "{timestamp=time:10000000000} defaulted", "{tick=45} defaulted", "{timestamp=time:45000000000} defaulted",
                "{timestamp=time:46000000000} defaulted",
            ])
    }
}
