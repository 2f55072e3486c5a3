import Testing

@testable import SluiceRules

/// Objects and arrays inside of an event.
@Suite struct NestedValueTests {
    @Test func `nested members are read, written, added and deleted in place`() throws {
        #expect(
            try LaneFixture.json(
                #"{"user":{"id":1,"geo":{"city":"Rome","x":1.0}},"b":2}"#,
                "event.user.geo.city = event.user.geo.city:upper() event.user.geo.new = {1} event.user.id = nil event.user.z = null"
            )
                == #"{"user":{"geo":{"city":"ROME","x":1.0,"new":[1]},"z":null},"b":2}"#)
    }

    @Test func `what is not touched keeps its bytes`() throws {
        #expect(
            try LaneFixture.json(#"{"o":{ "k" : 1e2 , "x":1 ,"s":"\u00e9\/"} }"#, "event.o.x = 2")
                == #"{"o":{ "k" : 1e2 , "x":2 ,"s":"\u00e9\/"}}"#)
    }

    @Test func `assigning a nested value copies it`() throws {
        #expect(
            try LaneFixture.json(#"{"a":{"x":[1]}}"#, "event.b = event.a event.b.x[1] = 2 event.a.self = event.a")
                == #"{"a":{"x":[1],"self":{"x":[1]}},"b":{"x":[2]}}"#)
    }

    @Test func `assigning a table copies it`() throws {
        #expect(try LaneFixture.json("{}", "local t = {a = 1} event.t = t t.a = 2 event.u = t") == #"{"t":{"a":1},"u":{"a":2}}"#)
    }

    @Test func `arrays count from 1, and length, ipairs and pairs work`() throws {
        #expect(
            try LaneFixture.json(
                #"{"l":["a",null,"c"]}"#,
                """
                local s = {}
                for i, v in ipairs(event.l) do s[#s + 1] = i .. tostring(v) end
                for i, v in pairs(event.l) do s[#s + 1] = i .. tostring(v) end
                event.r = table.concat(s, " ") event.n = #event.l event.x = array{event.l[0] == nil, event.l[4] == nil, event.l[1]}
                """) == #"{"l":["a",null,"c"],"r":"1a 2null 3c 1a 2null 3c","n":3,"x":[true,true,"a"]}"#)
    }

    @Test func `table insert, remove, concat and unpack work on arrays`() throws {
        #expect(
            try LaneFixture.json(
                #"{"l":["a","b"]}"#,
                """
                table.insert(event.l, "c") table.insert(event.l, 1, "z")
                event.s = table.concat(event.l, "-")
                event.first = table.remove(event.l, 1) event.last = table.remove(event.l)
                event.n = select("#", table.unpack(event.l))
                """) == #"{"l":["a","b"],"s":"z-a-b-c","first":"z","last":"c","n":2}"#)
    }

    @Test func `removing from an empty array answers nil`() throws {
        #expect(try LaneFixture.json(#"{"l":[]}"#, "event.r = table.remove(event.l) == nil") == #"{"l":[],"r":true}"#)
        #expect(
            try LaneFixture.json(#"{"l":[1]}"#, "while #event.l > 0 do table.remove(event.l) end table.remove(event.l)")
                == #"{"l":[]}"#)
    }

    @Test func `a nested value that is removed becomes a table of its own`() throws {
        #expect(
            try LaneFixture.json(
                #"{"l":[{"a":1},{"b":[]},{"c":2.0}]}"#,
                "local x = table.remove(event.l, 1) local y = table.remove(event.l) event.x = x event.y = y event.t = type(x)")
                == #"{"l":[{"b":[]}],"x":{"a":1},"y":{"c":2.0},"t":"table"}"#)
    }

    @Test func `arrays of any values can be sorted`() throws {
        #expect(
            try LaneFixture.json(
                #"{"l":[{"n":2,"a":1.0},{"n":1}],"w":["c","a","b"]}"#,
                "table.sort(event.l, function(a, b) return a.n < b.n end) table.sort(event.w)")
                == #"{"l":[{"n":1},{"a":1.0,"n":2}],"w":["a","b","c"]}"#)
    }

    @Test func `a float that is whole is an element's number, another is not`() throws {
        #expect(try LaneFixture.json(#"{"l":[1,2]}"#, "event.l[4 / 2] = event.l[1.0] + 4") == #"{"l":[1,5]}"#)
        #expect(try LaneFixture.json(#"{"l":[1]}"#, "event.r = event.l[1.5] == nil") == #"{"l":[1],"r":true}"#)
        #expect(
            try LaneFixture.json(#"{"l":[1]}"#, "event.l[1.5] = 1") == "elements of an array have whole numbers, not 1.5")
    }

    @Test func `arrays grow by one at the end, beyond is an error`() throws {
        #expect(
            try LaneFixture.json(#"{"l":[]}"#, "event.l[1] = 'a' event.l[2] = 'b' event.l[#event.l + 1] = {}")
                == #"{"l":["a","b",{}]}"#)
        #expect(
            try LaneFixture.json(#"{"l":[1]}"#, "event.l[3] = 1") == "element 3 of an array of 1: arrays grow by one at the end")
        #expect(
            try LaneFixture.json(#"{"l":[1]}"#, "event.l[0] = 1") == "element 0 of an array of 1: arrays grow by one at the end")
    }

    @Test func `nil at the end shortens an array, elsewhere it is an error`() throws {
        #expect(try LaneFixture.json(#"{"l":[1, 2 ,3]}"#, "event.l[3] = nil event.l[2] = nil") == #"{"l":[1]}"#)
        #expect(
            try LaneFixture.json(#"{"l":[1,2]}"#, "event.l[1] = nil")
                == "`nil` at element 1 of an array of 2 would leave a hole; `null` is a value, `table.remove` closes up")
    }

    @Test func `names do not go into arrays nor numbers into objects`() throws {
        #expect(try LaneFixture.json(#"{"l":[]}"#, "event.l.x = 1") == "elements of an array have numbers, not a string")
        #expect(try LaneFixture.json(#"{"o":{}}"#, "event.o[1] = 1") == "members of an object have names, not a number")
        #expect(
            try LaneFixture.json(#"{"l":[1],"o":{"a":1}}"#, "event.r = array{event.l.x == nil, event.o[1] == nil}").hasSuffix(
                "[true,true]}"))
    }

    @Test func `a nested part kept after its parent was replaced is an error`() throws {
        let gone = "a nested value is used after what held it was replaced"
        let line = #"{"a":{"b":{"c":1}},"l":[{"x":1},{"x":2}]}"#
        for code in [
            "local b = event.a.b event.a = {} local x = b.c", "local b = event.a.b event.a = nil b.c = 2",
            "local b = event.a.b event.a.b = {c = 2} local x = b.c", "local a = event.a event.a = 1 local x = a.b",
            "local x = event.l[2] event.l[2] = nil local y = x.x", "local x = event.l[1] table.remove(event.l, 1) local y = x.x",
        ] {
            #expect(try LaneFixture.json(line, code) == gone, "\(code)")
        }
    }

    @Test func `a nested part stays good while others change`() throws {
        #expect(
            try LaneFixture.json(
                #"{"a":{"b":{"c":1},"l":[{"x":1},{"x":2}]}}"#,
                "local b, x = event.a.b, event.a.l[2] event.a.longer = ('y'):rep(10) event.a.l[1] = 0 event.z = 1 b.c = b.c + 1 x.x = x.x + 1"
            )
                == #"{"a":{"b":{"c":2},"l":[0,{"x":3}],"longer":"yyyyyyyyyy"},"z":1}"#)
    }

    @Test func `a nested value of an earlier event is an error`() throws {
        let lane = try LaneFixture(
            "local kept\nfunction process(event) if kept then event.x = kept.a else kept = event.o end end")
        for _ in 1...2 { lane.add(json: #"{"o":{"a":1}}"#) }
        _ = lane.run()
        #expect(lane.failures.map(\.message) == ["a nested value of an earlier event was kept; keep `clone(event)` or a copy"])
    }

    @Test func `a nested value keeps the clone that it was read from`() throws {
        #expect(
            try LaneFixture.json(
                #"{"o":{"p":{"a":1}}}"#,
                """
                local o, q = clone(event).o.p, nil
                for k, v in pairs(clone(event)) do q = v end
                local t = {} for i = 1, 20000 do t = {t = {}} end
                event.a = o.a event.b = q.p.a
                """) == #"{"o":{"p":{"a":1}},"a":1,"b":1}"#)
    }

    @Test func `going through an object allows changes, deletions and additions`() throws {
        #expect(
            try LaneFixture.json(
                #"{"o":{"a":1,"b":null,"c":null,"d":4}}"#,
                "for k, v in pairs(event.o) do if v == null then event.o[k] = nil end end")
                == #"{"o":{"a":1,"d":4}}"#)
        #expect(
            try LaneFixture.json(
                #"{"o":{"a":1,"b":2}}"#, "for k, v in pairs(event.o) do event.o[k .. k] = v event.o[k] = {v} end")
                == #"{"o":{"a":[1],"b":[2],"aa":1,"bb":2}}"#)
        #expect(
            try LaneFixture.json(
                #"{"o":{"a":1,"b":2,"c":3}}"#,
                "local s = '' for k in pairs(event.o) do s = s .. k event.o.b = nil end event.s = s")
                == #"{"o":{"a":1,"c":3},"s":"ac"}"#)
    }

    @Test func `of duplicate names inside an object the last is read, and writing removes the others`() throws {
        let line = #"{"o":{"a":1,"b":2,"\u0061":3}}"#
        #expect(try LaneFixture.json(line, "event.r = event.o.a").hasSuffix(#""r":3}"#))
        #expect(try LaneFixture.json(line, "event.o.a = 4") == #"{"o":{"b":2,"\u0061":4}}"#)
        #expect(try LaneFixture.json(line, "event.o.a = nil") == #"{"o":{"b":2}}"#)
        #expect(
            try LaneFixture.json(line, "local s = '' for k, v in pairs(event.o) do s = s .. k .. v end event.s = s").hasSuffix(
                #""s":"b2a3"}"#))
    }

    @Test func `long loops over nested arrays read the text once`() throws {
        let elements = (1...5_000).map(String.init).joined(separator: ",")
        #expect(
            try LaneFixture.json(
                #"{"l":[\#(elements)]}"#,
                "local a, b, c = 0, 0, 0 for i, v in ipairs(event.l) do a = a + v end for _, v in pairs(event.l) do b = b + v end event.a = a event.b = b event.l = nil"
            )
                == #"{"a":12502500,"b":12502500}"#)
    }

    @Test func `text with any character survives a way into nested values and back`() throws {
        #expect(
            try LaneFixture.json(
                #"{"s":"a\"\\\u0001\n\u00e9\ud83d\ude00/"}"#,
                "event.o = {[event.s] = event.s} local k, v = next({x = event.o[event.s]}) event.same = v == event.s"
            ).hasSuffix(#""same":true}"#))
    }

    // MARK: - tables

    @Test func `one to n without holes is an array, an empty table an object, string keys an object sorted by name`() throws {
        #expect(
            try LaneFixture.json(
                "{}",
                "event.a = {1, 'b', {}} event.e = {} event.o = {z = 1, a = 2, m = {y = 1, b = {}}} event.x = array{} event.y = object{}"
            )
                == #"{"a":[1,"b",{}],"e":{},"o":{"a":2,"m":{"b":{},"y":1},"z":1},"x":[],"y":{}}"#)
    }

    @Test(arguments: [
        ("{1, a = 2}", "a table with keys 1…n and string keys"), ("{1, nil, 3}", "an array with a hole (`null` is a value)"),
        ("{[2] = 1}", "an array with a hole (`null` is a value)"),
        ("{[1.5] = 1}", "a table with keys that are neither 1…n nor strings"),
        ("{[0] = 1}", "a table with keys that are neither 1…n nor strings"),
        ("{[true] = 1}", "a table with keys that are neither 1…n nor strings"),
        ("{a = {b = print}}", "function"), ("{a = 0/0}", "NaN"), ("{1/0}", "an infinite number"), ("{drop}", "drop"),
        ("(function() local t = {} t.t = t return t end)()", "a table nested deeper than 64 levels, or one that holds itself"),
        ("array{a = 1}", "an `array` with string keys"), ("object{1}", "an `object` with keys 1…n"),
    ])
    func `a table that no JSON can say is an error that names the field`(value: String, reason: String) throws {
        #expect(try LaneFixture.json("{}", "event.field = \(value)") == "field `field` cannot hold \(reason)")
    }

    @Test func `errors name the place in a nested value`() throws {
        #expect(try LaneFixture.json(#"{"u":{"l":[{}]}}"#, "event.u.l[1].x = print") == "field `u.l[1].x` cannot hold function")
        #expect(try LaneFixture.json(#"{"l":[1]}"#, "event.l[2] = 0/0") == "field `l[2]` cannot hold NaN")
        #expect(
            try LaneFixture.json(#"{"l":[1]}"#, "table.insert(event.l, {1, a = 1})")
                == "field `l[2]` cannot hold a table with keys 1…n and string keys")
    }

    @Test func `64 levels are allowed`() throws {
        let deep = String(repeating: "{", count: 64) + String(repeating: "}", count: 64)
        #expect(try LaneFixture.json("{}", "event.d = \(deep)").hasPrefix(#"{"d":[[[["#))
        #expect(
            try LaneFixture.json("{}", "event.d = {\(deep)}")
                == "field `d` cannot hold a table nested deeper than 64 levels, or one that holds itself")
    }

    @Test func `timestamps and nested values inside of tables are written as they read`() throws {
        #expect(
            try LaneFixture.json(
                #"{"timestamp":"2026-01-01T00:00:00.10+01:00","o":{"a":1.0}}"#,
                "event.t = {at = event.timestamp, o = event.o, n = null}")
                == #"{"timestamp":"2026-01-01T00:00:00.10+01:00","o":{"a":1.0},"t":{"at":"2026-01-01T00:00:00.10+01:00","n":null,"o":{"a":1.0}}}"#
        )
    }
}
