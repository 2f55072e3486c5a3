import Testing

@testable import SluiceRules

/// Reading, writing, deleting and going through an event's fields.
@Suite struct FieldTests {
    @Test func `new fields come last, assigned ones keep their place`() throws {
        #expect(
            try LaneFixture.json(#"{"a":1,"b":2,"c":3}"#, "event.z = 1 event.b = 'two' event['a-b'] = 4 event.y = 5")
                == #"{"a":1,"b":"two","c":3,"z":1,"a-b":4,"y":5}"#)
    }

    @Test func `a deleted field that is set again comes last`() throws {
        #expect(try LaneFixture.json(#"{"a":1,"b":2}"#, "event.a = nil event.a = 3") == #"{"b":2,"a":3}"#)
    }

    @Test func `an absent field is nil, null is a value and true in conditions`() throws {
        #expect(
            try LaneFixture.json(
                #"{"a":null}"#,
                "event.r = array{event.a == null, event.a ~= nil, event.b == nil, event.b ~= null, event.a and true or false, tostring(null)}"
            )
                == #"{"a":null,"r":[true,true,true,true,true,"null"]}"#)
    }

    @Test func `pairs goes through the fields in order with their types`() throws {
        #expect(
            try LaneFixture.json(
                #"{"z":1,"y":1.5,"a":"s","n":null,"o":{},"l":[],"t":true,"timestamp":"2026-01-01T00:00:00Z"}"#,
                "local s = {} for k, v in pairs(event) do s[#s + 1] = k .. ':' .. type(v) end event.s = table.concat(s, ' ')"
            )
            .hasSuffix(
                #""s":"z:number y:number a:string n:userdata o:userdata l:userdata t:boolean timestamp:userdata"}"#))
    }

    @Test func `changing and deleting while iterating pairs is allowed, added fields are not visited`() throws {
        #expect(
            try LaneFixture.json(
                #"{"a":1,"b":2,"c":3,"d":4}"#,
                "local n = 0 for k, v in pairs(event) do n = n + 1 if v % 2 == 0 then event[k] = nil else event[k] = v * 10 event[k .. 'x'] = 1 end end event.n = n"
            )
                == #"{"a":10,"c":30,"ax":1,"cx":1,"n":4}"#)
    }

    @Test func `deleting a field ahead of the iteration leaves it out`() throws {
        #expect(
            try LaneFixture.json(
                #"{"a":1,"b":2,"c":3}"#, "local s = '' for k in pairs(event) do s = s .. k event.b = nil end event.s = s")
                == #"{"a":1,"c":3,"s":"ac"}"#)
    }

    @Test func `pairs kept from an earlier event is an error`() throws {
        let lane = try LaneFixture(
            "local kept, state\nfunction process(event) if kept then kept(state) else kept, state = pairs(event) kept(state) end end"
        )
        for _ in 1...2 { lane.add(json: #"{"a":1,"b":2}"#) }
        _ = lane.run()
        #expect(lane.failures.map(\.message) == ["`pairs(event)` of an earlier event was kept"])
    }

    @Test func `the last of a name's values is read, writing replaces it and removes the others`() throws {
        let line = #"{"a":1,"b":2,"a":3}"#
        #expect(try LaneFixture.json(line, "event.r = event.a") == #"{"a":1,"b":2,"a":3,"r":3}"#)
        #expect(try LaneFixture.json(line, "event.a = 9") == #"{"b":2,"a":9}"#)
        #expect(try LaneFixture.json(line, "event.a = nil") == #"{"b":2}"#)
        #expect(
            try LaneFixture.json(line, "local n = 0 for k, v in pairs(event) do n = n + v end event.n = n")
                == #"{"a":1,"b":2,"a":3,"n":5}"#)
    }

    @Test func `a field's name is a string`() throws {
        #expect(
            try LaneFixture.json("{}", "event[1] = 2") == "an event's fields have names: `event[…]` takes a string, not a number")
        #expect(
            try LaneFixture.json("{}", "local x = event[true]")
                == "an event's fields have names: `event[…]` takes a string, not a boolean")
    }

    @Test(arguments: [
        ("print", "function"), ("0/0", "NaN"), ("1/0", "an infinite number"), ("-1/0", "an infinite number"), ("drop", "drop"),
        ("meta", "meta"), ("event", "event"),
    ])
    func `what no field can hold is an error that names it`(value: String, kind: String) throws {
        #expect(try LaneFixture.json("{}", "event.bad = \(value)") == "field `bad` cannot hold \(kind)")
    }

    @Test func `type of an event is userdata, and tostring and json show it`() throws {
        #expect(
            try LaneFixture.json(
                #"{"a":[1, 2.0],"n":null}"#,
                "local s = tostring(event) event.t = type(event) event.s = s event.j = json.encode(event) == s")
                == #"{"a":[1, 2.0],"n":null,"t":"userdata","s":"{\"a\":[1, 2.0],\"n\":null}","j":false}"#)
    }

    @Test func `the event is only there while process runs`() throws {
        let lane = try LaneFixture(
            "local kept\nevery('1s', function() local x = kept.a end)\nfunction process(event) kept = event end")
        lane.lane.setClock(0, followsData: true)
        for second in [0, 5] { lane.add(json: #"{"timestamp":"2026-01-01T00:00:0\#(second)Z"}"#) }
        _ = lane.run()
        #expect(lane.failures.map(\.message) == ["`event` is only there while `process` runs; `clone(event)` keeps a copy"])
    }

    // MARK: - severity and facility

    @Test(arguments: [("error", "err"), ("warn", "warning"), ("panic", "emerg"), ("info", "info"), ("custom", "custom")])
    func `an alias of a severity is stored as the keyword`(word: String, stored: String) throws {
        #expect(try LaneFixture.json("{}", "event.severity = '\(word)'") == #"{"severity":"\#(stored)"}"#)
    }

    @Test func `a severity that came in is not rewritten`() throws {
        #expect(
            try LaneFixture.json(#"{"severity":"warn"}"#, "event.c = event.severity_code event.s = event.severity")
                == #"{"severity":"warn","c":4,"s":"warn"}"#)
    }

    @Test func `a code is nil when its word is absent or not known`() throws {
        #expect(
            try LaneFixture.json(
                #"{"severity":"loud"}"#, "event.r = array{event.severity_code == nil, event.facility_code == nil}")
                == #"{"severity":"loud","r":[true,true]}"#)
        #expect(try LaneFixture.json(#"{"severity":3}"#, "event.r = event.severity_code == nil") == #"{"severity":3,"r":true}"#)
    }

    @Test func `assigning a code sets the word, nil deletes it, other codes are refused`() throws {
        #expect(
            try LaneFixture.json("{}", "event.severity_code = 0 event.facility_code = 23")
                == #"{"severity":"emerg","facility":"local7"}"#)
        #expect(try LaneFixture.json(#"{"severity":"err","a":1}"#, "event.severity_code = nil") == #"{"a":1}"#)
        #expect(try LaneFixture.json("{}", "event.severity_code = 8") == "`severity_code` takes an integer from 0 to 7")
        #expect(try LaneFixture.json("{}", "event.facility_code = '3'") == "`facility_code` takes an integer from 0 to 23")
    }

    @Test func `codes are not listed`() throws {
        #expect(
            try LaneFixture.json(#"{"severity":"err"}"#, "local s = '' for k in pairs(event) do s = s .. k end event.s = s")
                == #"{"severity":"err","s":"severity"}"#)
    }

    @Test func `a field of a code's name that came in is one like any other`() throws {
        #expect(
            try LaneFixture.json(
                #"{"severity_code":9}"#, "event.was = event.severity_code event.severity_code = 3 event.now = event.severity_code"
            )
                == #"{"severity_code":3,"was":9,"now":3}"#)
    }

    // MARK: - hints

    @Test(arguments: [
        ("if event.latency > 5 then end", "latency"), ("local x = 5 <= event.latency", "latency"),
        ("if event.severity_code <= 3 then end", "severity_code"), ("local n = event.n if n < 1 then end", "n"),
    ])
    func `comparing an absent field names it and suggests what to write`(code: String, field: String) throws {
        #expect(try LaneFixture.json("{}", code).hasSuffix(": this event has no field `\(field)`; write `(event.\(field) or …)`"))
    }
}
