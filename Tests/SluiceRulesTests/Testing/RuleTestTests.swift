import Testing

@testable import SluiceRules

@Suite struct RuleTestTests {
    @Test(arguments: [
        ("return drop", #"expect(run("x")).dropped()"#),
        ("return drop", #"expect(run("x").dropped).is_true()  expect(run("x").verdict).equals("dropped")"#),
        ("", #"expect(run("x")).passed()  expect(run("x")).defaulted()  expect(run("x")).not_dropped()"#),
        ("return 'b', 'a'", #"expect(run("x")).routed_to("a", "b")  expect(run("x").outputs).equals({ "a", "b" })"#),
        ("also('c') return drop", #"local r = run("x")  expect(r).dropped()  expect(r).routed_to("c")"#),
        ("return event.to", #"expect(run{ to = "any name" }).routed_to("any name")  expect(run{ to = "other" }):routed_to{ "other" }"#),
        (
            "error('no')",
            #"local r = run("x")  expect(r).failed()  expect(r).failed("no")  expect(r.error).equals("no")  expect(r.error_place).equals("route.lua:2")"#
        ),
        ("event.n = 1 error('no')", #"expect(run("x").event.n).is_absent()"#),
        ("if dedup('k', '60s') then return drop end", #"expect(run("x")).passed()  expect(run("x")).deduplicated()"#),
        ("if throttle('k', 1, '60s') then return drop end", #"run("x")  expect(run("x")).throttled()"#),
        ("if not sample(2) then return drop end", #"expect(run("x")).passed()  expect(run("x")).sampled()"#),
        (
            "emit{ n = 1 } emit({ n = 2 }, 'z')",
            #"local r = run("x")  expect(r).emitted(2)  expect(r).emitted()  expect(r.emitted[2].n).equals(2)  expect(r.emitted_results[2]).routed_to("z")"#
        ),
        ("emit{ n = 1 }", #"expect(run("x").event.message).equals("x")"#),
        (
            "",
            #"local r = run("<15>Oct 11 22:14:15 web1 app: noise")  expect(r.event.severity).equals("debug")  expect(r.event.hostname).equals("web1")"#
        ),
        (
            "",
            #"local e = run{ facility = "auth", severity = "error", timestamp = "2026-10-09T22:33:20.5+02:00" }.event  expect(e.severity_code).equals(3)  expect(e.severity).equals("err")  expect(e.timestamp).equals("2026-10-09T22:33:20.5+02:00")  expect(e.timestamp).is_a("timestamp")"#
        ),
        (
            "",
            #"local e = run('{"i":1,"f":1.0,"n":null,"a":[],"o":{},"b":9007199254740993}').event  expect(e.i).equals(1)  expect(e.f).equals(1.0)  expect(e.n).equals(null)  expect(e.n).is_null()  expect(e.a).equals(array{})  expect(e.o).equals({})  expect(e.a).equals({})  expect(e.o).never.equals(array{})  expect(e.b).equals(9007199254740993)"#
        ),
        (
            "",
            #"local e = run{ i = 1, f = 1.0, n = null, a = array{}, t = time.parse("2026-10-09T22:33:20Z"), deep = { 1, { x = 2 } } }.event  expect(e.f).is_a("float")  expect(e.i).is_a("integer")  expect(e.t).is_a("timestamp")  expect(e.deep).equals({ 1, { x = 2 } })  expect(e.deep[2].x).equals(2)"#
        ),
        ("", #"local e = run{ a = 1, b = "x" }.event  expect(e).equals({ a = 1, b = "x" })  expect(e).not_equals({ a = 1 })"#),
        (
            "event.seen = meta.input .. meta.peer .. (meta.tag or '-') .. meta.received:format()",
            #"expect(run("x", { input = "nginx", peer = "10.0.0.1", meta = { tag = "T" }, received = "2026-10-09T22:33:20Z" }).event.seen).equals("nginx10.0.0.1T2026-10-09T22:33:20.000000000Z")"#
        ),
        ("meta.index = 'i' .. event.message", #"expect(run("x").meta.index).equals("ix")  expect(run("x").meta.input).equals("test")"#),
        ("", #"expect(run("a=1 b=two", { format = "logfmt:typed=true" }).event).equals({ a = 1, b = "two" })"#),
        ("", #"expect(run("one;two", { format = "csv:columns=a,b,delimiter=;" }).event.b).equals("two")"#),
        ("", #"expect(run('{"message":"k=v"}', { message_format = "logfmt" }).event.k).equals("v")"#),
        (
            "",
            #"expect(run("<15>Oct 11 22:14:15 web1 app: x", { timezone = "+02:00", received = "2026-10-12T00:00:00Z" }).event.timestamp).equals("2026-10-11T22:14:15+02:00")"#
        ),
        ("log.info('hello') print('there')", #"expect(run("x").log).equals({ "hello", "there" })"#),
        ("state.n = (state.n or 0) + 1 event.n = state.n", #"run("x")  expect(run("x").event.n).equals(2)"#),
        ("event.x = 'b\\255'", #"expect(run("x").event.x).equals("b\255")"#),
        (
            "event.at = time.now():format()",
            #"expect(run("x").event.at).matches("^2026%-01%-01T00:00:00")  run{ timestamp = "2026-10-09T22:33:20Z" }  advance("40s")  expect(run("x").event.at).matches("22:34:00")"#
        ),
        ("", #"local r = run("x")  expect(run(r.event)).passed()  expect(run(clone(r.event)).event.message).equals("x")"#),
        (
            "",
            #"expect(2).is_above(1)  expect(2).is_below(3)  expect("abc").contains("b")  expect({ "a", { 1 } }).contains({ 1 })  expect(function() error("oh no") end).raises("no")  expect(0 / 0).equals(0 / 0)"#
        ),
    ])
    func `an expectation that holds lets the test pass`(_ process: String, _ test: String) {
        #expect(RuleTestFixture.outcome(process, test) == "passed")
    }

    @Test func `each test begins with an empty state and its own globals`() {
        let fixture = RuleTestFixture(
            rule: "count = 0 function process(event) state.n = (state.n or 0) + 1 count = count + 1 event.n = state.n event.c = count end",
            tests: """
                test('a', function() run('x') expect(run('x').event).equals({ message = 'x', n = 2, c = 2 }) end)
                test('b', function() expect(run('x').event).equals({ message = 'x', n = 1, c = 1 }) end)
                """)
        #expect(fixture.outcomes == ["passed", "passed"])
    }

    @Test func `advance fires timers one after the other and answers what they emit`() {
        let rule = """
            every("10s", function() state.n = (state.n or 0) + 1 emit({ n = state.n, at = time.now():format("%H:%M:%S") }, "ticks") end)
            every("25s", function() log.info("slow") end)
            function process(event) end
            """
        let tests = """
            test("timers", function()
              local result = advance("60s")
              expect(result).emitted(6)
              expect(result).routed_to("ticks")
              expect(result.emitted[1].at).equals("00:00:10")
              expect(result.emitted[6]).equals({ n = 6, at = "00:01:00" })
              expect(result.log).equals({ "slow", "slow" })
              expect(advance("9s")).emitted(0)
              expect(advance("1s")).emitted(1)
            end)
            test("after an event", function()
              run{ timestamp = "2026-10-09T22:33:20Z" }
              expect(advance("10s").emitted[1].at).equals("22:33:30")
            end)
            """
        #expect(RuleTestFixture(rule: rule, tests: tests).outcomes == ["passed", "passed"])
    }

    @Test func `a failing timer is the failure of advance`() {
        let rule = "every('10s', function() error('broken') end) function process() end"
        let tests = "test('t', function() expect(advance('10s')).failed('broken') expect(advance('1s')).not_failed() end)"
        #expect(RuleTestFixture(rule: rule, tests: tests).outcomes == ["passed"])
    }

    @Test func `run_all runs the whole rule set and knows the default outputs`() {
        let rules = [
            RuleSource(name: "route.lua", folder: ".", text: Array("function process(e) e.a = 1 end".utf8)),
            RuleSource(
                name: "last.lua", folder: ".", text: Array("function process(e) e.b = (e.a or 0) + 1 if e.c then return 'x' end end".utf8)),
        ]
        let fixture = RuleTestFixture(
            rule: "function process(e) e.a = 1 end",
            tests: """
                test('t', function()
                  local r = run_all('m')
                  expect(r.event.b).equals(2)
                  expect(r).defaulted()
                  expect(r).routed_to('main')
                  expect(run_all{ c = 1 }).routed_to('x')
                  expect(run{ c = 1 }).passed()
                end)
                """
        ) {
            $0.rules = rules
            $0.outputs = ["main", "x"]
            $0.defaultOutputs = ["main"]
        }
        #expect(fixture.outcomes == ["passed"])
    }

    @Test func `with the outputs of a configuration an unknown name is an error`() {
        #expect(
            RuleTestFixture.outcome("return event.to", #"expect(run{ to = "mian" }).failed("unknown output `mian`; known: `main`")"#) {
                $0.outputs = ["main"]
            } == "passed")
    }

    @Test func `a filter chooses by the name of the test or of its file`() {
        let tests = "test('one', function() end) test('two', function() end)"
        #expect(RuleTestFixture(rule: nil, tests: tests) { $0.filter = "tw" }.results.map(\.name) == ["two"])
        #expect(RuleTestFixture(rule: nil, tests: tests) { $0.filter = "route_" }.results.count == 2)
        #expect(RuleTestFixture(rule: nil, tests: tests) { $0.filter = "none" }.results.isEmpty)
    }

    @Test func `two hundred tests are done in a moment`() {
        let tests = (0..<200).map { "test('t\($0)', function() expect(run('<15>Oct 11 22:14:15 web1 app: x')).dropped() end)" }
        let begin = RuleTestClock.nanoseconds
        let fixture = RuleTestFixture(rule: "function process() return drop end", tests: tests.joined(separator: "\n"))
        #expect(fixture.outcomes.filter { $0 == "passed" }.count == 200)
        #expect(RuleTestClock.nanoseconds - begin < 20_000_000_000)
    }
}
