import Testing

@testable import SluiceRules

/// Types survive: what a rule does not change keeps its bytes, what it copies keeps its type.
@Suite struct TypeFidelityTests {
    static let lines = [
        #"{"a":1.0,"b":9007199254740993,"c":18446744073709551616,"d":[],"e":{},"f":null,"g":1e2,"h":-0,"i":0.10}"#,
        #"{"s":"\u00e9\/\n","o":{"k":[1.50,{"x":null}]},"t":true,"u":false,"":1}"#,
        #"{"timestamp":"2026-10-09T22:33:20.120+02:00","x":-9223372036854775808,"y":9223372036854775807}"#,
    ]

    @Test(arguments: lines)
    func `a rule that does nothing changes nothing`(line: String) throws {
        #expect(try LaneFixture.json(line, "") == line)
    }

    @Test(arguments: lines)
    func `reading changes nothing`(line: String) throws {
        #expect(
            try LaneFixture.json(line, "for k, v in pairs(event) do local s = tostring(v) end local s = tostring(event)") == line)
    }

    @Test(arguments: lines)
    func `a rule that adds a field changes no other`(line: String) throws {
        #expect(try LaneFixture.json(line, "event.added = true") == line.dropLast() + #","added":true}"#)
    }

    @Test func `assigning a field to itself keeps its type`() throws {
        #expect(
            try LaneFixture.json(
                #"{"a":1.0,"b":9007199254740993,"d":[],"e":{},"f":null,"t":true,"l":[1.0,null,[]]}"#,
                "for k, v in pairs(event) do event[k] = v end")
                == #"{"a":1.0,"b":9007199254740993,"d":[],"e":{},"f":null,"t":true,"l":[1.0,null,[]]}"#)
    }

    @Test func `integers and floats are told apart`() throws {
        #expect(
            try LaneFixture.json(
                #"{"i":1,"f":1.0,"e":1e2,"big":18446744073709551616}"#,
                "local r = array{} for k, v in pairs(event) do r[#r + 1] = math.type(v) end event.r = r event.s = event.i + event.f event.q = event.i + 1 event.d = 7 // 2"
            )
                == #"{"i":1,"f":1.0,"e":1e2,"big":18446744073709551616,"r":["integer","float","float","float"],"s":2.0,"q":2,"d":3}"#
        )
    }

    @Test func `integers beyond 53 bits stay exact`() throws {
        #expect(
            try LaneFixture.json(#"{"n":9007199254740993}"#, "event.m = event.n + 1 event.x = {event.n}")
                == #"{"n":9007199254740993,"m":9007199254740994,"x":[9007199254740993]}"#)
    }

    @Test func `integers beyond 64 bits read as floats and are written as they came`() throws {
        #expect(
            try LaneFixture.json(#"{"n":18446744073709551616}"#, "event.r = event.n == 2.0 ^ 64")
                == #"{"n":18446744073709551616,"r":true}"#)
    }

    @Test func `json keeps types both ways`() throws {
        #expect(
            try LaneFixture.json(
                "{}",
                #"local t = json.decode('{"a":[],"b":{},"c":null,"d":1.0,"e":9007199254740993}') event.t = t event.s = json.encode(t)"#
            )
                == #"{"t":{"a":[],"b":{},"c":null,"d":1.0,"e":9007199254740993},"s":"{\"a\":[],\"b\":{},\"c\":null,\"d\":1.0,\"e\":9007199254740993}"}"#
        )
    }

    @Test func `an emptied array stays an array and an emptied object an object`() throws {
        #expect(try LaneFixture.json(#"{"a":[1],"o":{"x":1}}"#, "event.a[1] = nil event.o.x = nil") == #"{"a":[],"o":{}}"#)
    }

    @Test func `strings are bytes`() throws {
        #expect(
            try LaneFixture.json("{}", #"event.s = "a\0b" event.r = array{#event.s, event.s == "a\0b"}"#)
                == #"{"s":"a\u0000b","r":[3,true]}"#)
    }
}
