import Foundation
import Testing

@testable import SluiceRules

/// Globals, libraries, `load`, `require`, `print` and `state` of a rule.
@Suite struct GlobalsTests {
    /// Runs rules on one empty event; the event as JSON or the first error.
    private func result(_ rules: String...) throws -> String {
        let lane = try LaneFixture(rules[0], more: Array(rules.dropFirst()))
        lane.add(json: "{}")
        let lines = lane.runJSON()
        return lane.failures.first?.message ?? lines[0]
    }

    @Test func `rules' globals are separate`() throws {
        #expect(
            try result(
                "x = 1\nfunction process() x = 2 _G.y = 3 end",
                "function process(e) e.r = array{x == nil, y == nil, _G.x == nil} end") == #"{"r":[true,true,true]}"#)
    }

    @Test func `each rule has its own copy of the library tables`() throws {
        #expect(
            try result(
                "string.upper = nil table.concat = nil json.encode = 5 math.pi = 3\nfunction process() end",
                "function process(e) e.r = array{string.upper('a'), table.concat({1, 2}), json.encode({}), math.pi > 3} end")
                == #"{"r":["A","12","{}",true]}"#)
    }

    @Test func `string methods use a frozen copy`() throws {
        #expect(
            try result(
                "string.upper = function() return 'no' end\nfunction process(e) e.r = array{('a'):upper(), string.upper('a')} end"
            )
                == #"{"r":["A","no"]}"#)
        #expect(try result("function process(e) e.r = getmetatable('') end") == #"{"r":false}"#)
    }

    @Test func `load takes text only and binds it to the rule's globals`() throws {
        #expect(
            try result(
                "x = 5\nfunction process(e) e.r = load('y = x return x + 1')() e.y = y end",
                "function process(e) e.z = y == nil end") == #"{"r":6,"y":5,"z":true}"#)
        #expect(
            try result("function process(e) local f, why = load(string.char(27) .. 'Lua') e.r = array{f == nil, why} end")
                .contains("attempt to load a binary chunk"))
        #expect(
            try result("function process(e) local t = {} load('z = 1', 'c', 't', t)() e.r = array{t.z, z == nil} end")
                == #"{"r":[1,true]}"#)
        #expect(
            try result("function process(e) local f, why = load('x = = 1', '=c') e.r = why end")
                == #"{"r":"c:1: unexpected symbol near '='"}"#)
    }

    @Test(arguments: ["io", "debug", "package", "coroutine", "collectgarbage", "dofile", "loadfile", "loadstring", "unpack"])
    func `what leads out is not there`(name: String) throws {
        #expect(try result("function process(e) e.r = \(name) == nil end") == #"{"r":true}"#)
    }

    @Test func `os has its safe part`() throws {
        #expect(
            try result(
                "function process(e) e.r = array{type(os.date), type(os.time), type(os.clock), type(os.execute), type(os.getenv)} end"
            ) == #"{"r":["function","function","function","nil","nil"]}"#)
    }

    @Test func `finalizers are errors`() throws {
        for name in ["__gc", "__close"] {
            #expect(
                try result("function process() setmetatable({}, {\(name) = print}) end") == "`\(name)` is not available in rules")
        }
    }

    @Test func `print writes to the log`() throws {
        let lane = try LaneFixture("function process(e) print('a', 1.0, nil, e.n) end")
        lane.add(json: #"{"n":null}"#)
        _ = lane.run()
        #expect(lane.log == ["rule.lua: a\t1.0\tnil\tnull"])
    }

    @Test func `metatables of our values are protected`() throws {
        #expect(
            try result(
                "function process(e, m) e.o = {} e.timestamp = 0 e.r = array{getmetatable(e), getmetatable(m), getmetatable(e.o), getmetatable(e.timestamp), getmetatable(drop), getmetatable(null), getmetatable(array{})} end"
            )
            .hasSuffix("[false,false,false,false,false,false,false]}"))
    }

    // MARK: - require

    /// A folder with these files, `body` run with its path.
    private func inFolder(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files {
            let file = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: false, encoding: .utf8)
        }
        try body(folder.path)
    }

    private func required(_ rule: String, in folder: String) throws -> String {
        let lane = try LaneFixture(rule, more: [], folder: folder)
        lane.add(json: "{}")
        let lines = lane.runJSON()
        return lane.failures.first?.message ?? lines[0]
    }

    @Test func `require loads a.b below the rule's folder, once, in that rule's globals`() throws {
        try inFolder([
            "lib/words.lua": "loads = (loads or 0) + 1 return {name = ..., seen = shared}", "plain.lua": "global_of_module = 1",
        ]) { (folder: String) throws in
            #expect(
                try required(
                    """
                    shared = 7
                    local a, b, c = require "lib.words", require("lib.words"), require "plain"
                    function process(e) e.r = array{a == b, a.name, a.seen, loads, c, global_of_module} end
                    """, in: folder) == #"{"r":[true,"lib.words",7,1,true,1]}"#)
        }
    }

    @Test func `each rule loads its own module`() throws {
        try inFolder(["counter.lua": "local n = 0 return function() n = n + 1 return n end"]) { (folder: String) throws in
            let rule = "local count = require 'counter'\nfunction process(e) e[tostring(count())] = count() end"
            let lane = try LaneFixture(rule, more: [rule], folder: folder)
            lane.add(json: "{}")
            #expect(lane.runJSON() == [#"{"1":2}"#])
        }
    }

    @Test func `require works while the rule loads only`() throws {
        try inFolder(["m.lua": "return 1"]) { (folder: String) throws in
            #expect(
                try required("function process() require 'm' end", in: folder)
                    == "`require` works while the rule is loaded, not while it runs")
        }
    }

    @Test(arguments: ["../m", "/etc/passwd", "a/b", "a..b", ".a", "", "a b"])
    func `names are of the form a.b`(name: String) throws {
        try inFolder(["m.lua": "return 1"]) { (folder: String) throws in
            let failure = #expect(throws: RuleFailure.self) {
                try LaneFixture("require '\(name)'\nfunction process() end", folder: folder)
            }
            #expect(failure?.message == "module name `\(name)` is not of the form `a.b` (letters, digits, `_`, `-`)")
        }
    }

    @Test func `a module that is not there, a link out, a loop and an error are said`() throws {
        try inFolder([
            "loop.lua": "return require 'loop'", "bad.lua": "error('inside')", "syntax.lua": "x = = 1", "sub/x.lua": "",
        ]) { (folder: String) throws in
            try FileManager.default.createSymbolicLink(atPath: folder + "/link.lua", withDestinationPath: "/etc/hostname")
            for (name, message) in [
                ("none", "module `none` was not found: no file `none.lua` in the rule's folder"),
                ("link", "module `link` is a link out of the rule's folder; it was not read"),
                ("loop", "module `loop` requires itself"),
                ("bad", "inside"), ("syntax", "unexpected symbol near '='"),
            ] {
                let failure = #expect(throws: RuleFailure.self) {
                    try LaneFixture("require '\(name)'\nfunction process() end", folder: folder)
                }
                #expect(failure?.message.hasSuffix(message) == true, "\(failure?.message ?? "")")
            }
        }
    }

    // MARK: - state

    @Test func `state is a table of each rule that stays from event to event`() throws {
        let rule =
            "state.n = state.n or 10\nfunction process(e) state.n = state.n + 1 e[#state == 0 and 'a' or 'b'] = state.n end"
        let lane = try LaneFixture(rule, more: ["function process(e) e.other = state.n == nil end"])
        for _ in 1...2 { lane.add(json: "{}") }
        #expect(lane.runJSON() == [#"{"a":11,"other":true}"#, #"{"a":12,"other":true}"#])
    }
}
