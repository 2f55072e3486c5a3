import SluiceEvent
import Testing

@testable import SluiceRules

/// Fluent Bit scripts run as they are.
@Suite struct FluentBitTests {
    /// What a script's function `cb` makes of JSON lines; errors instead of what failed.
    private func results(
        _ script: String, _ lines: String..., timeAsTable: Bool = false, environment: [(name: String, value: String)] = [],
        before: [String] = []
    ) throws -> [String] {
        let lane = try LaneFixture(
            script, api: .fluentBit(function: "cb", timeAsTable: timeAsTable, environment: environment))
        for line in lines { lane.add(json: line) }
        let results = lane.runJSON()
        return lane.failures.isEmpty ? results : lane.failures.map(\.message)
    }

    /// The body of `cb`.
    private func result(_ body: String, _ line: String = "{}", timeAsTable: Bool = false) throws -> String {
        try results("function cb(tag, timestamp, record)\n\(body)\nend", line, timeAsTable: timeAsTable).joined(separator: "\n")
    }

    static let lines =
        TypeFidelityTests.lines + [
            #"{"z":1,"a":2,"z":{"b":1.50,"a":[ ],"b":2},"n":null,"timestamp":"2026-01-01t00:00:00.5z"}"#, "{}",
            #"{"timestamp":"2026-01-01T00:00:00Z"}"#, #"{"timestamp":"no time","severity":"warn","severity_code":4}"#,
            #"{"deep":\#(String(repeating: "[", count: 300))\#(String(repeating: "]", count: 300)),"a":1}"#,
        ]

    @Test(arguments: lines, [0, 1, 2])
    func `a record that is returned unchanged is unchanged, byte for byte`(line: String, code: Int) throws {
        #expect(try result("return \(code), timestamp, record", line) == line)
        #expect(try result("return \(code), timestamp, record", line, timeAsTable: true) == line)
    }

    @Test func `code -1 drops, 0 changes nothing, 1 takes time and record, 2 the record`() throws {
        let line = #"{"timestamp":"2026-01-01T00:00:00Z","a":1}"#
        let body = "record.a = 2 return %, timestamp + 1, record"
        #expect(try result(body.replacing("%", with: "-1"), line) == line + " dropped")
        #expect(try result(body.replacing("%", with: "0"), line) == line)
        #expect(try result(body.replacing("%", with: "1"), line) == #"{"timestamp":"2026-01-01T00:00:01Z","a":2}"#)
        #expect(try result(body.replacing("%", with: "2"), line) == #"{"timestamp":"2026-01-01T00:00:00Z","a":2}"#)
    }

    @Test func `any other code, record or timestamp is an error`() throws {
        #expect(try result("return 3, 0, record") == "the function returned 3 as its code; Fluent Bit knows -1, 0, 1 and 2")
        #expect(try result("return") == "the function returned nil as its code; Fluent Bit knows -1, 0, 1 and 2")
        #expect(try result("return 1, 0, 'x'") == "the function returned code 1 and a string as record, not a table")
        #expect(
            try result("return 1, 'x', {a = 1}")
                == "the returned timestamp is a string, not a number or a table with `sec` and `nsec`")
        #expect(try result("return 1, {}, {a = 1}") == "the returned timestamp is a table without a number `sec`")
        #expect(try result("return 1, {sec = 1e300}, {a = 1}").hasPrefix("the returned timestamp is no time"))
    }

    @Test func `an array's first record replaces the event, the others are emitted in order, an empty one drops`() throws {
        let line = #"{"timestamp":"2026-01-01T00:00:00.25+01:00","a":1}"#
        #expect(
            try results("function cb(t, ts, r) return 1, ts + 1, {{b = 1}, r, {a = 3}} end", line) == [
                #"{"timestamp":"2026-01-01T00:00:01.250+01:00","b":1}"#, #"{"a":1,"timestamp":"2026-01-01T00:00:01.250+01:00"}"#,
                #"{"a":3,"timestamp":"2026-01-01T00:00:01.250+01:00"}"#,
            ])
        #expect(try result("return 1, timestamp, {}", line) == line + " dropped")
        #expect(try result("return 2, 0, {{a = 1}, 5}", line) == "record 2 of the returned array is a number, not a table")
    }

    @Test func `the timestamp is a float or a table, and comes back without drift`() throws {
        let line = #"{"timestamp":"2026-10-09T22:33:20.123456789Z","a":1}"#
        #expect(
            try result("record.a = math.type(timestamp) return 1, timestamp, record", line)
                == #"{"timestamp":"2026-10-09T22:33:20.123456789Z","a":"float"}"#)
        #expect(
            try result(
                "record.a = timestamp.nsec timestamp.sec = timestamp.sec + 60 return 1, timestamp, record", line,
                timeAsTable: true)
                == #"{"timestamp":"2026-10-09T22:34:20.123456789Z","a":123456789}"#)
        #expect(try result("return 1, 1767225600.5, record", #"{"a":1}"#) == #"{"a":1,"timestamp":"2026-01-01T00:00:00.500Z"}"#)
    }

    @Test func `fields keep their order, new ones follow by name, nil deletes`() throws {
        #expect(
            try result("record.z = 9 record.new = 1 record.also = 2 record.b = nil return 2, 0, record", #"{"z":1,"b":2,"a":3}"#)
                == #"{"z":9,"a":3,"also":2,"new":1}"#)
    }

    @Test func `inside of nested values only what changed is written anew`() throws {
        #expect(
            try result(
                "record.o.k.z = 2 record.o.k.new = {} record.o.gone = nil record.l[2].x = true table.insert(record.l, 'end') record.e[1] = 1 return 2, 0, record",
                #"{"o":{"n":1.50,"k":{"z":1,"a":18446744073709551616},"gone":1},"l":[9007199254740993,{"y":1e2},null],"e":[]}"#)
                == #"{"o":{"n":1.50,"k":{"z":2,"a":18446744073709551616,"new":{}}},"l":[9007199254740993,{"y":1e2,"x":true},null,"end"],"e":[1]}"#
        )
    }

    @Test func `null is null and stays`() throws {
        #expect(
            try result("record.b = record.a == null record.c = flb_null return 2, 0, record", #"{"a":null}"#)
                == #"{"a":null,"b":true,"c":null}"#)
    }

    @Test func `names that Sluice gives a meaning are plain fields`() throws {
        #expect(
            try result(
                "record.severity = 'error' record.severity_code = 3 record.timestamp = '10:00' return 2, 0, record",
                #"{"severity":"info"}"#)
                == #"{"severity":"error","severity_code":3,"timestamp":"10:00"}"#)
        #expect(
            try result("record.timestamp = os.date('!%Y-%m-%dT%H:%M:%SZ', 0) return 2, 0, record")
                == #"{"timestamp":"1970-01-01T00:00:00Z"}"#)
    }

    @Test func `the tag is meta.tag or the input's name`() throws {
        let script = "function cb(tag, ts, r) r.tag = tag return 2, ts, r end"
        #expect(try results(script, "{}") == [#"{"tag":"in"}"#])
    }

    @Test func `FLB_ENV holds the variables that were listed`() throws {
        #expect(
            try results(
                "function cb(tag, ts, r) r.a = FLB_ENV.A r.n = FLB_ENV.PATH == nil return 2, ts, r end", "{}",
                environment: [("A", "x")])
                == [#"{"a":"x","n":true}"#])
    }

    @Test func `also, emit and drop do not exist there`() throws {
        #expect(
            try result("record.r = also == nil and emit == nil and drop == nil and pass == nil return 2, 0, record")
                == #"{"r":true}"#)
    }

    @Test(arguments: [
        ("unpack({1, 2})", "1"), ("loadstring('return 5')()", "5"), ("math.pow(2, 3)", "8.0"), ("table.getn({1, 2})", "2"),
        ("math.mod(7, 4)", "3"), ("table.maxn({1, 2, 3})", "3"), ("string.gfind('a1', '%d')()", #""1""#),
        ("string.format('%d', 3.7)", #""3""#), ("('%d|%5.1f|%x'):format(-3.7, 2.25, 255.9)", #""-3|  2.2|ff""#),
        ("string.format('%u%% %s %d', 7.5, 1.5, '12')", #""7% 1.5 12""#), ("bit.band(12, 10)", "8"), ("bit.bor(12, 10)", "14"),
        ("bit.bxor(12, 10)", "6"), ("bit.lshift(1, 31)", "-2147483648"), ("bit.rshift(-1, 28)", "15"),
        ("bit.arshift(-16, 2)", "-4"),
        ("bit.bnot(0)", "-1"), ("bit.tohex(255, 4)", #""00ff""#), ("bit.rol(1, 33)", "2"), ("bit.ror(1, 1)", "-2147483648"),
        ("bit.bswap(1)", "16777216"), ("bit.tobit(2 ^ 32 + 5)", "5"), ("math.log10(1000)", "3.0"),
    ])
    func `what scripts expect of Lua 5 1 is there`(expression: String, value: String) throws {
        #expect(try result("local r = \(expression) record.r = r return 2, 0, record") == #"{"r":\#(value)}"#)
    }

    @Test func `other rules do not get Lua 5 1's ways`() throws {
        let lane = try LaneFixture(
            "function cb(t, ts, r) r.s = ('%d'):format(3.7) return 2, ts, r end",
            api: .fluentBit(function: "cb", timeAsTable: false, environment: []))
        lane.add(json: "{}")
        #expect(lane.runJSON() == [#"{"s":"3"}"#])
        #expect(try LaneFixture.json("{}", "event.s = ('%d'):format(3.7)").contains("number has no integer representation"))
        #expect(
            try LaneFixture.json("{}", "event.r = array{unpack == nil, loadstring == nil, bit == nil}")
                == #"{"r":[true,true,true]}"#)
    }

    // MARK: - scripts as people have them

    @Test func `dedot keys`() throws {
        let script = """
            function dedot(r)
              local map = {}
              for k, v in pairs(r) do
                if type(v) == "table" then v = dedot(v) end
                map[string.gsub(k, "%.", "_")] = v
              end
              return map
            end
            function cb(tag, timestamp, record)
              if record["kubernetes"] == nil then return 0, 0, 0 end
              record["kubernetes"]["labels"] = dedot(record["kubernetes"]["labels"])
              return 1, timestamp, record
            end
            """
        #expect(
            try results(
                script, #"{"log":"x","kubernetes":{"pod":"p","labels":{"app.kubernetes.io/name":"web","a":{"b.c":1}}}}"#,
                #"{"log":"y"}"#)
                == [
                    #"{"log":"x","kubernetes":{"pod":"p","labels":{"a":{"b_c":1},"app_kubernetes_io/name":"web"}}}"#,
                    #"{"log":"y"}"#,
                ])
    }

    @Test func `drop by level`() throws {
        let script = """
            local levels = { debug = 1, info = 2, warn = 3, error = 4 }
            function cb(tag, timestamp, record)
              local level = levels[string.lower(record["level"] or "info")]
              if level and level < 3 then return -1, 0, 0 end
              return 0, 0, 0
            end
            """
        #expect(
            try results(script, #"{"level":"DEBUG"}"#, #"{"level":"ERROR"}"#, "{}", #"{"level":"odd"}"#)
                == [#"{"level":"DEBUG"} dropped"#, #"{"level":"ERROR"}"#, "{} dropped", #"{"level":"odd"}"#])
    }

    @Test func `split arrays`() throws {
        let script = """
            function cb(tag, timestamp, record)
              if type(record.items) ~= "table" then return 0, timestamp, record end
              local out = {}
              for i, item in ipairs(record.items) do
                local copy = {}
                for k, v in pairs(record) do if k ~= "items" then copy[k] = v end end
                copy.item = item
                copy.index = i
                table.insert(out, copy)
              end
              return 1, timestamp, out
            end
            """
        #expect(
            try results(script, #"{"id":7,"items":[{"n":1.0},"b"]}"#, #"{"id":8,"items":[]}"#, #"{"id":9}"#) == [
                #"{"id":7,"index":1,"item":{"n":1.0}}"#, #"{"id":7,"index":2,"item":"b"}"#, #"{"id":8,"items":[]} dropped"#,
                #"{"id":9}"#,
            ])
    }

    @Test func `parse with patterns, count and label`() throws {
        let script = """
            local count = 0
            function cb(tag, timestamp, record)
              count = count + 1
              local new_record = record
              local ip, user, path = string.match(record["log"], "^(%S+) %S+ (%S+) %[.-%] \\"%u+ (%S+)")
              if ip then
                new_record["client"] = { ip = ip, user = user ~= "-" and user or nil }
                new_record["path"] = path
                new_record["log"] = nil
              end
              new_record["kubernetes"] = new_record["kubernetes"] or {}
              new_record["kubernetes"]["cluster"] = FLB_ENV["CLUSTER"]
              new_record["seq"] = string.format("%05d", count)
              return 1, timestamp, new_record
            end
            """
        #expect(
            try results(
                script, #"{"log":"10.0.0.1 - bob [x] \"GET /a HTTP/1.1\" 200"}"#, #"{"log":"-","kubernetes":{"pod":"p"}}"#,
                environment: [("CLUSTER", "c1")]) == [
                    #"{"client":{"ip":"10.0.0.1","user":"bob"},"kubernetes":{"cluster":"c1"},"path":"/a","seq":"00001"}"#,
                    #"{"log":"-","kubernetes":{"pod":"p","cluster":"c1"},"seq":"00002"}"#,
                ])
    }
}
