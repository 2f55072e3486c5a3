import CSluice
import SluiceEvent
import Testing

@testable import SluiceRules

/// `emit`, `also` and decisions: where events go and in which order.
@Suite struct EmitTests {
    @Test func `emit copies at once`() throws {
        let lane = try LaneFixture(
            body:
                "local t = {a = 1} emit(t) t.a = 2 event.x = 1 emit(event) event.x = 2 local c = clone(event) c.x = 3 emit(c) c.x = 4"
        )
        lane.add(json: "{}")
        #expect(lane.runJSON() == [#"{"x":2}"#, #"{"a":1}"#, #"{"x":1}"#, #"{"x":3}"#])
    }

    @Test func `emitted events follow their source event in order, over several rules`() throws {
        let first = "function process(event) if event.n == 1 then emit({e = 1}) emit({e = 2}) end end"
        let second = "function process(event) if event.e or event.n then emit({from = event.e or event.n}) end end"
        let lane = try LaneFixture(first, more: [second, "function process(event) event.last = true end"])
        for n in 1...2 { lane.add(json: #"{"n":\#(n)}"#) }
        #expect(
            lane.runJSON() == [
                #"{"n":1,"last":true}"#, #"{"e":1,"last":true}"#, #"{"from":1,"last":true}"#, #"{"e":2,"last":true}"#,
                #"{"from":2,"last":true}"#, #"{"from":1,"last":true}"#, #"{"n":2,"last":true}"#, #"{"from":2,"last":true}"#,
            ])
    }

    @Test func `emitted events inherit input, received and the meta that rules set, and have no raw`() throws {
        let lane = try LaneFixture(
            "function process(event, meta) meta.index = 'i' emit({e = 1}) end",
            more: [
                """
                function process(event, meta)
                  event.m = array{meta.input, meta.received:unix('ns'), meta.index, meta.raw or null, meta.format}
                end
                """
            ])
        lane.add(json: "{}")
        #expect(lane.runJSON() == [#"{"m":["in",1000,"i","{}","json"]}"#, #"{"e":1,"m":["in",1000,"i",null,"json"]}"#])
    }

    @Test func `an event emitted with outputs goes there, others go on with the next rule`() throws {
        let lane = try LaneFixture(
            body: "emit({e = 1}, 'a', 'b') emit({e = 2})", more: ["event.seen = true"])
        lane.add(json: "{}")
        #expect(lane.runJSON() == [#"{"seen":true}"#, #"{"e":1} routed a,b"#, #"{"e":2,"seen":true}"#])
    }

    @Test func `emit takes an event, a clone or a table`() throws {
        let message = "bad argument #1 (event expected, got "
        for (value, kind) in [("5", "number"), ("nil", "nil"), ("'x'", "string"), ("meta", "meta")] {
            #expect(try LaneFixture.json("{}", "emit(\(value))").contains(message + kind))
        }
        #expect(try LaneFixture.json("{}", "emit({1})") == "an event's fields have names: found a key that is a number")
        #expect(try LaneFixture.json("{}", "emit({f = print})") == "field `f` cannot hold function")
    }

    @Test func `an emitted table has every type, sorted by name`() throws {
        let lane = try LaneFixture(
            body: "emit({z = 1.0, a = array{}, n = null, timestamp = 0, severity = 'warn', o = {b = 1, a = 2}, t = true})")
        lane.add(json: "{}")
        #expect(
            lane.runJSON().last
                == #"{"a":[],"n":null,"o":{"a":2,"b":1},"severity":"warning","t":true,"timestamp":"1970-01-01T00:00:00Z","z":1.0}"#
        )
    }

    @Test func `at most 1,000 emits per call, then an error that undoes them`() throws {
        let lane = try LaneFixture(body: "for i = 1, event.n do emit({i = i}) end")
        lane.add(json: #"{"n":1000}"#)
        lane.add(json: #"{"n":1001}"#)
        let results = lane.runJSON()
        #expect(results.count == 1002)
        #expect(results.last == #"{"n":1001} failed"#)
        #expect(lane.failures.map(\.message) == ["`emit` was called more than 1000 times in one call"])
        #expect(lane.lane.totals.emitted == 1000)
    }

    @Test func `a failed emit that the rule catches leaves nothing`() throws {
        let lane = try LaneFixture(body: "event.ok = pcall(emit, {a = 1, f = print}) emit({b = 1}) pcall(emit, {z = 0/0})")
        lane.add(json: "{}")
        #expect(lane.runJSON() == [#"{"ok":false}"#, #"{"b":1}"#])
    }

    // MARK: - also

    @Test func `also outputs get the event in its final form, each output once`() throws {
        let lane = try LaneFixture(body: "also('a') also('a', 'b')", more: ["event.final = true return 'b'"])
        lane.add(json: "{}")
        #expect(lane.runJSON() == [#"{"final":true} routed a,b"#])
    }

    @Test func `also holds when a later rule drops the event`() throws {
        let lane = try LaneFixture(body: "also('a')", more: ["return drop"])
        lane.add(json: "{}")
        #expect(lane.runJSON() == ["{} dropped a"])
    }

    @Test func `a dead-lettered event goes nowhere`() throws {
        let lane = try LaneFixture(body: "also('a')", more: ["error('no')"])
        lane.add(json: "{}")
        #expect(lane.runJSON() == ["{} failed"])
    }

    @Test func `on_error pass goes on behind the failing rule, drop drops, an output takes the event`() throws {
        for (policy, fate) in [
            (ErrorPolicy.pass, #"{"a":1,"last":true} defaulted"#), (.drop, #"{"a":1} dropped"#),
            (.output("b"), #"{"a":1} routed b"#),
        ] {
            let lane = try LaneFixture(
                body: "event.a = 1", onError: policy, more: ["event.lost = 1 error('no')", "event.last = true"])
            lane.add(json: "{}")
            #expect(lane.runJSON() == [fate.replacing(" defaulted", with: "")])
        }
    }

    @Test func `also and emit name outputs that exist`() throws {
        #expect(
            try LaneFixture.json("{}", "local n = 'no' .. 'where' also(n)")
                == "unknown output `nowhere`; known: `stdout`, `a`, `b`")
        #expect(
            try LaneFixture.json("{}", "local n = 'no' .. 'where' emit({}, n)")
                == "unknown output `nowhere`; known: `stdout`, `a`, `b`")
        #expect(try LaneFixture.json("{}", "also(1)") == "an output is named by a string, not by a number")
        #expect(try LaneFixture.json("{}", "also()") == "`also` takes names of outputs: also(\"archive\")")
    }

    // MARK: - undo

    @Test func `when a call fails, fields, meta, also and emit are undone, state and globals are not`() throws {
        let lane = try LaneFixture(
            """
            state.n, count = 0, 0
            function process(event, meta)
              state.n = state.n + 1 count = count + 1
              event.a.b = 2 event.new = 1 event.gone = nil event.timestamp = 0 meta.m = 'changed' also('a') emit({})
              if event.fail then error("no") end
            end
            """, onError: .pass, more: ["function process(event, meta) event.m = meta.m or null end", "function process() end"])
        lane.add(json: #"{"fail":true,"a":{"b":1},"gone":0,"timestamp":"2026-01-01T00:00:00Z"}"#)
        lane.add(json: "{\"a\":{}}")
        #expect(
            lane.runJSON() == [
                #"{"fail":true,"a":{"b":1},"gone":0,"timestamp":"2026-01-01T00:00:00Z","m":null}"#,
                #"{"a":{"b":2},"new":1,"timestamp":"1970-01-01T00:00:00Z","m":"changed"} defaulted a"#, #"{"m":"changed"}"#,
            ])
        #expect(lane.failures.count == 1)
    }

    @Test func `an error that the rule itself catches undoes nothing`() throws {
        let lane = try LaneFixture(body: "pcall(function() event.a = 1 also('a') emit({e = 1}) error('caught') end)")
        lane.add(json: "{}")
        #expect(lane.runJSON() == [#"{"a":1} defaulted a"#, #"{"e":1}"#])
        #expect(lane.failures.isEmpty)
    }

    @Test func `clone keeps an event and its meta, and changing it does not change the event`() throws {
        let lane = try LaneFixture(
            """
            local kept
            function process(event, meta)
              if kept then emit(kept) return drop end
              meta.m = 'first' event.o.x = 1 kept = clone(event) kept.o.x = 2 kept.c = true kept.gone = nil meta.m = 'later'
            end
            """, more: ["function process(event, meta) event.m = meta.m end"])
        lane.add(json: #"{"o":{},"gone":1,"n":1.0}"#)
        lane.add(json: "{}")
        #expect(
            lane.runJSON() == [
                #"{"o":{"x":1},"gone":1,"n":1.0,"m":"later"}"#, "{} dropped", #"{"o":{"x":2},"n":1.0,"c":true,"m":"first"}"#,
            ])
    }

    @Test func `dropping after dedup, throttle or sample said so counts there`() throws {
        let lane = try LaneFixture(
            body: """
                if event.k == 'd' and dedup('x', '60s') then return drop end
                if event.k == 't' and throttle('x', 1, '60s') then return drop end
                if event.k == 's' and not sample(2) then return drop end
                if event.k == 'o' then return drop end
                if event.k == 'p' then dedup('x', '60s') end
                """, more: ["if event.k == 'p' then return drop end"])
        for key in ["d", "d", "t", "t", "s", "s", "o", "p"] { lane.add(json: #"{"k":"\#(key)"}"#) }
        #expect(
            lane.runJSON().map { $0.split(separator: " ").dropFirst().joined() }
                == ["", "deduplicated", "", "throttled", "", "sampled", "dropped", "dropped"])
    }
}
