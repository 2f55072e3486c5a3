import CSluice
import SluiceEvent
import Testing

@testable import SluiceRules

/// Rules that see the events of some inputs only, and events that start at a later rule.
@Suite struct RuleInputsTests {
    private static let inputs = (0..<130).map { "in\($0)" }

    private func lane(_ rules: RuleSource...) throws -> LaneFixture { try LaneFixture(rules: rules, inputs: Self.inputs) }

    private func add(_ lane: LaneFixture, sources: [UInt32]) {
        for source in sources {
            lane.add(json: "{}")
            lane.batch.raw.pointee.events[lane.batch.count - 1].source = source
        }
    }

    @Test func `a rule sees the events of its inputs and no others`() throws {
        let lane = try lane(
            LaneFixture.rule("some", "event.some = meta.input", inputs: ["in1", "in64", "in129"]),
            LaneFixture.rule("none", "event.none = true", inputs: []),
            LaneFixture.rule("all", "event.all = true"))
        add(lane, sources: [0, 1, 63, 64, 129, 128, 500])
        #expect(
            lane.runJSON() == [
                #"{"all":true}"#, #"{"some":"in1","all":true}"#, #"{"all":true}"#, #"{"some":"in64","all":true}"#,
                #"{"some":"in129","all":true}"#, #"{"all":true}"#, #"{"all":true}"#,
            ])
    }

    @Test func `emitted events are of their source's input`() throws {
        let lane = try lane(
            LaneFixture.rule("first", "emit({e = 1})"), LaneFixture.rule("second", "event.seen = true", inputs: ["in2"]))
        add(lane, sources: [1, 2])
        #expect(lane.runJSON() == ["{}", #"{"e":1}"#, #"{"seen":true}"#, #"{"e":1,"seen":true}"#])
    }

    @Test func `what timers emit is seen by every rule behind`() throws {
        let ticking = RuleSource(
            name: "ticking", folder: ".", text: Array("every('1s', function() emit({t = 1}) end) function process() end".utf8))
        let lane = try lane(ticking, LaneFixture.rule("other", "event.seen = true", inputs: ["in7"]))
        lane.lane.setClock(0, followsData: true)
        for second in [0, 1] { lane.add(json: #"{"timestamp":"2026-01-01T00:00:0\#(second)Z"}"#) }
        #expect(lane.runJSON()[1] == #"{"t":1,"seen":true}"#)
    }

    @Test func `a failing event passes rules that do not see its input`() throws {
        let rules = [
            RuleSource(name: "a", folder: ".", text: Array(LaneFixture.process("error('no')").utf8), onError: .pass),
            LaneFixture.rule("b", "event.b = true", inputs: ["in1"]), LaneFixture.rule("c", "event.c = true"),
        ]
        let lane = try LaneFixture(rules: rules, inputs: Self.inputs)
        add(lane, sources: [0, 1])
        #expect(lane.runJSON() == [#"{"c":true}"#, #"{"b":true,"c":true}"#])
    }

    @Test func `an input that does not exist refuses the rule`() throws {
        let failure = #expect(throws: RuleFailure.self) {
            try LaneFixture(rules: [LaneFixture.rule("r", "", inputs: ["sys"])], inputs: ["syslog", "http"])
        }
        #expect(failure?.kind == .input)
        #expect(failure?.summary == "r: unknown input `sys`; known: syslog, http")
    }

    @Test func `an event starts again at the rule of a name, or at the first`() throws {
        let lane = try lane(LaneFixture.rule("a", "event.a = 1"), LaneFixture.rule("b", "event.b = 1"))
        for _ in 1...3 { lane.add(json: "{}") }
        for (index, name) in ["a", "b", "gone"].enumerated() {
            let event = lane.batch.raw.pointee.events + index
            event.pointee.verdict = UInt8(SL_FAILED)
            event.pointee.outputs = 2
            lane.lane.restart(event, from: name)
        }
        #expect(lane.runJSON() == [#"{"a":1,"b":1} defaulted a"#, #"{"b":1} defaulted a"#, #"{"a":1,"b":1} defaulted a"#])
    }
}
