import SluiceEvent
import Testing

@testable import SluiceRules

/// `meta`: what is known about an event and is not sent.
@Suite struct MetaTests {
    @Test func `the facts can be read`() throws {
        #expect(
            try LaneFixture.json(
                #"{"a":1}"#,
                "event.r = array{meta.input, meta.peer or null, tostring(meta.received), meta.raw, meta.format, #meta.flags, meta.other or null}"
            )
                == #"{"a":1,"r":["in",null,"1970-01-01T00:00:00.000001000Z","{\"a\":1}","json",0,null]}"#)
    }

    @Test func `flags are listed and are keys`() throws {
        let lane = try LaneFixture(body: "event.f = meta.flags[1] event.t = meta.flags.truncated")
        lane.add([], flags: [.truncated])
        #expect(lane.run() == ["{f='truncated' t=true} defaulted"])
    }

    @Test(arguments: ["input", "peer", "received", "raw", "format", "flags"])
    func `facts are read-only`(name: String) throws {
        #expect(try LaneFixture.json("{}", "meta.\(name) = 'x'") == "`meta.\(name)` is read-only")
    }

    @Test func `other names take strings, nil deletes them`() throws {
        #expect(
            try LaneFixture.json(
                "{}",
                "meta.index = 'a' meta.index = 'b' meta.gone = 'x' meta.gone = nil event.r = array{meta.index, meta.gone == nil}")
                == #"{"r":["b",true]}"#)
        #expect(try LaneFixture.json("{}", "meta.index = 5") == "`meta.index` takes a string, not a number")
        #expect(try LaneFixture.json("{}", "meta.index = {}") == "`meta.index` takes a string, not a table")
    }

    @Test func `meta and fields of one name do not meet`() throws {
        #expect(
            try LaneFixture.json(
                #"{"a":1,"timestamp":"2026-01-01T00:00:00Z"}"#,
                """
                meta.a = 'm' meta.timestamp = 't' meta.severity = 'warn' meta.timestamp = nil
                local n = 0 for k in pairs(event) do n = n + 1 end
                event.r = array{meta.a, event.a, meta.severity, event.severity == nil, n}
                event.a = nil event.s = meta.a
                """) == #"{"timestamp":"2026-01-01T00:00:00Z","r":["m",1,"warn",true,2],"s":"m"}"#)
    }

    @Test func `meta goes from rule to rule`() throws {
        let lane = try LaneFixture(body: "meta.index = 'x'", more: ["event.i = meta.index"])
        lane.add(json: "{}")
        #expect(lane.runJSON() == [#"{"i":"x"}"#])
    }
}
