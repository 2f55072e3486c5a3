import CPatternFuzz
import Foundation
import Testing

/// The pattern engine against Lua's own string library.
@Suite struct PatternEngineTests {
    /// Runs a C entry point that fills in a report; returns its result and the report.
    private func reporting<Result>(_ body: (UnsafeMutablePointer<CChar>, Int) -> Result) -> (result: Result, report: String) {
        var report = [CChar](repeating: 0, count: 8192)
        // SAFETY: the buffer outlives the call, and the callee is given its size.
        let result = report.withUnsafeMutableBufferPointer { body($0.baseAddress!, $0.count) }
        return (result, String(decoding: report.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    private func expectLua(_ chunk: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let (failed, report) = reporting { pattern_fuzz_lua(chunk, $0, $1) }
        #expect(failed == 0, "\(report)", sourceLocation: sourceLocation)
    }

    @Test func `a million random patterns give what Lua gives`() {
        let seed = ProcessInfo.processInfo.environment["FUZZ_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max / 2)
        let (result, report) = reporting { pattern_fuzz_run(seed, 1_000_000, $0, $1) }
        print("pattern fuzz: FUZZ_SEED=\(seed), \(result.matches) matches, \(result.misses) misses, \(result.errors) errors")
        #expect(result.failures == 0, "FUZZ_SEED=\(seed)\n\(report)")
        #expect(result.cases == 1_000_000)
        #expect(result.matches > 200_000 && result.misses > 200_000 && result.errors > 50_000)
        #expect(result.gave_up < 10)
    }

    @Test func `wrong arguments are named as Lua names them`() {
        expectLua(
            """
            local calls = {
              function(s) return s.find() end,
              function(s) return s.find(nil, "a") end,
              function(s) return s.find("a") end,
              function(s) return s.find("a", {}) end,
              function(s) return s.match("a", "a", "x") end,
              function(s) return s.match("a", "a", 1.5) end,
              function(s) return s.match(true, "a") end,
              function(s) return s.gmatch("a") end,
              function(s) return s.gmatch("a", "a", {}) end,
              function(s) return s.gsub("a", "a") end,
              function(s) return s.gsub("a", "a", true) end,
              function(s) return s.gsub("a", "a", nil, 1) end,
              function(s) return s.gsub("a", "a", "b", "x") end,
              function(s) return s.gsub("a", "a", setmetatable({}, { __name = "Thing", __index = error })) end,
              function(s) return s.gsub("a", "(", "%1") end,
              function(s) return s.gsub("a", "a", "%") end,
              function(s) return s.gsub("a", "a", "%2") end,
              function(s) return s.gsub("a", "a", function() return {} end) end,
              function(s) return s.match("a", "%1") end,
              function(s) return s.match("a", "%0") end,
              function(s) return s.match("a", "a(") end,
              function(s) return s.match("a", ("()"):rep(33)) end,
              function(s) return s.match(("a"):rep(300), ("a?"):rep(300)) end,
            }
            for i, call in ipairs(calls) do
              local a, b = table.pack(pcall(call, ours)), table.pack(pcall(call, stock))
              assert(a[1] == b[1] and a[2] == b[2], i .. ": " .. tostring(a[2]) .. " / " .. tostring(b[2]))
              assert(not a[1], i)
            end
            """)
    }

    @Test func `a pattern is too complex exactly where it is for Lua`() {
        expectLua(
            """
            local complex = 0
            local units = { { "a?", "a" }, { "a*b*", "ab" }, { "a+b+", "ab" }, { "a-b", "ab" }, { "[ab]?.-b", "aab" }, { "%l+%.?", "a." } }
            for _, unit in ipairs(units) do
              for n = 45, 202 do
                for _, tail in ipairs { "", "$", "()", "(x?)", "()()x-", ".*" } do
                  local subject, pattern = unit[2]:rep(n), unit[1]:rep(n) .. tail
                  local a, b = table.pack(pcall(ours.find, subject, pattern)), table.pack(pcall(stock.find, subject, pattern))
                  if not a[1] then complex = complex + 1 end
                  for i = 1, math.max(a.n, b.n) do assert(a[i] == b[i], pattern) end
                end
              end
            end
            assert(complex > 100)
            """)
    }

    @Test func `nine captures have nine names`() {
        expectLua(
            """
            local pattern = ("(.)"):rep(9)
            assert(ours.gsub("abcdefghi", pattern, "%9%8%7%6%5%4%3%2%1") == "ihgfedcba")
            assert(ours.match("abcdefghiihgf", pattern .. "%9%8%7()") == "a")
            assert(select("#", ours.find(("x"):rep(40), ("()"):rep(32))) == 34)
            """)
    }

    @Test func `numbers are taken for strings`() {
        expectLua(
            """
            assert(ours.find(12345, 34) == 3)
            assert(ours.match(1.5, "%.") == ".")
            assert(ours.gsub(101, 0, 2) == "121")
            assert(ours.gsub("x", "x", function() return 1.5 end) == "1.5")
            assert(ours.match("a1", "%d", "2") == "1")
            """)
    }

    @Test func `a replacement function may use patterns itself`() {
        expectLua(
            """
            local function shout(word)
              for i = 1, 600 do ours.find(word, "^" .. i .. "+$") end -- more patterns than the cache holds
              collectgarbage()
              return (ours.gsub(word, "%l", function(c) return c:upper() end))
            end
            assert(ours.gsub("one two  three", "%a+", shout) == "ONE TWO  THREE")
            local words = {}
            for a, b in ours.gmatch("k=v, key=value", "(%w+)=(%w+)") do
              shout(a)
              words[#words + 1] = a .. ":" .. b
            end
            assert(table.concat(words, " ") == "k:v key:value")
            """)
    }

    @Test func `patterns built at run time are told apart after the collector ran`() {
        expectLua(
            """
            for round = 1, 20 do
              for i = 1, 700 do
                local digits = tostring(i * 7 + round)
                local long = ("x"):rep(50) .. digits .. "+$"
                assert(ours.match(digits, "^(" .. digits .. ")$") == digits)
                assert(ours.match(("x"):rep(50) .. digits, long))
                assert(not ours.match(("x"):rep(50) .. digits .. "!", long))
              end
              collectgarbage()
            end
            """)
    }

    @Test func `an empty result of gsub is not taken for no change`() {
        expectLua(
            """
            assert(ours.gsub("aaa", "a", "") == "")
            assert(ours.gsub("", "", "") == "")
            assert(ours.gsub("abc", "", "") == "abc")
            assert(ours.gsub("abc", "b", false or "") == "ac")
            assert(select(2, ours.gsub("abc", "", "")) == 4)
            local text = ("ab"):rep(3000)
            assert(ours.gsub(text, "a", "%0%0") == stock.gsub(text, "a", "%0%0"))
            assert(ours.gsub(text, "a", { a = ("z"):rep(40) }) == stock.gsub(text, "a", ("z"):rep(40)))
            """)
    }

    @Test func `a pattern that would backtrack for ever gives up and says so`() {
        let ambiguous = #"ours.match(("a"):rep(2000) .. "bx", "(a*)(a*)(a*)(a*)[bc]$")"#
        let (failed, report) = reporting { pattern_fuzz_limits(ambiguous, 0, 0, $0, $1) }
        #expect(failed == 1)
        let message =
            #/:1: pattern `\(a\*\)\(a\*\)\(a\*\)\(a\*\)\[bc\]\$` gave up after 5[0-9]{6} steps on a subject of 2002 bytes; make it less ambiguous$/#
        #expect(report.firstMatch(of: message) != nil, "\(report)")
    }

    @Test func `the steps of a call can be set`() {
        let chunk = #"ours.match(("a"):rep(300), "a*a*a*[bc]")"#
        let (patient, _) = reporting { pattern_fuzz_limits(chunk, 0, 500_000_000, $0, $1) }
        let (impatient, report) = reporting { pattern_fuzz_limits(chunk, 0, 1000, $0, $1) }
        #expect(patient == 0)
        #expect(impatient == 1 && report.contains("gave up after"))
    }

    @Test func `common shapes that are slow in Lua are not slow here`() {
        // Each of these takes Lua between a second and a day.
        expectLua(
            """
            local run = ("x"):rep(200000)
            assert(not ours.find(run, "x+y"))
            assert(not ours.find(run, ".*y"))
            assert(not ours.find(run, ".-y"))
            assert(not ours.find(run, "[%w%.]+@[%w%.]+"))
            assert(not ours.find((" "):rep(200000) .. "x", "%s+$"))
            assert(not ours.find(run, ("x"):rep(100000) .. "y", 1, true))
            local needle = ("x"):rep(5000) .. "y" .. ("x"):rep(5000)
            assert(not ours.find(run, needle, 1, true))
            assert(ours.find(run .. needle, needle, 1, true) == 200001)
            assert(ours.gsub(run, "%d+%.%d+", "") == run)
            """)
    }

    @Test func `the stop flag ends a search`() {
        let long = #"return ours.match(("a"):rep(2000) .. "bx", "(a*)(a*)(a*)(a*)[bc]$")"#
        let (failed, report) = reporting { pattern_fuzz_limits(long, 1, 0, $0, $1) }
        #expect(failed == 1)
        #expect(report.hasSuffix("time limit exceeded"))
    }

    @Test func `running out of memory anywhere leaves the state usable`() {
        let chunk = """
            collectgarbage("stop")
            local salt = tostring({}):gsub("%D", "")
            assert(ours.match("key=value " .. salt, "(%w+)=(%w+)") == "key")
            for w in ours.gmatch("one two", "%a+") do assert(#w == 3) end
            assert(#ours.gsub(("ab"):rep(2000), "a[" .. salt .. "b]", "%0%0") == 8000)
            assert(ours.gsub("a.b.c", "[" .. salt .. "]?%.", { ["."] = "-" }) == "a-b-c")
            assert(ours.find(("x"):rep(100), ("x*"):rep(60) .. salt:sub(1, 0) .. "$") == 1)
            collectgarbage("restart")
            """
        let (rounds, report) = reporting { pattern_fuzz_memory(chunk, $0, $1) }
        #expect(rounds > 20, "\(report)")
    }
}
