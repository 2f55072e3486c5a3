import Testing

@testable import SluiceRules

@Suite struct RuleTestFailureTests {
    @Test(arguments: [
        (#"expect(run("x")).dropped()"#, "expected the event to be dropped, but it was routed to `a` by `route.lua`"),
        (#"expect(run("x")).passed()"#, "expected the event to pass, but it was routed to `a` by `route.lua`"),
        (#"expect(run("x")).routed_to("b", "a")"#, "expected the event to be routed to `a`, `b`, but it was routed to `a` by `route.lua`"),
        (#"expect(run("x")).not_routed_to("a")"#, "did not expect the event to be routed to `a`, but it was routed to `a` by `route.lua`"),
        (
            #"expect(run("x")).never.routed_to("a")"#,
            "did not expect the event to be routed to `a`, but it was routed to `a` by `route.lua`"
        ),
        (#"expect(run("x")).failed()"#, "expected a failure, but it was routed to `a` by `route.lua`"),
        (#"expect(run("x")).emitted(1)"#, "expected 1 emitted event, but there was none"),
        (#"expect(run("x").event.message).equals("y")"#, #"expected "y", but it is "x""#),
        (#"expect(run("x").event.message).never.equals("x")"#, #"did not expect "x""#),
        (#"expect(1).equals(1.0)"#, "expected 1.0, but it is 1"),
        (#"expect("1").equals(1)"#, #"expected 1, but it is "1""#),
        (#"expect(null).is_absent()"#, "expected no value, but it is null"),
        (#"expect(nil).equals(null)"#, "expected null, but it is nil"),
        (#"expect({ 1, 2 }).equals({ 1, 3 })"#, "expected { 1, 3 }, but it is { 1, 2 }"),
        (#"expect({ a = { b = 1 } }).equals({ a = { b = 1.5 } })"#, "expected { a = { b = 1.5 } }, but it is { a = { b = 1 } }"),
        (#"expect("abc").matches("^b")"#, #"expected text that matches "^b", but it is "abc""#),
        (#"expect("abc").contains("d")"#, #"expected something that contains "d", but it is "abc""#),
        (#"expect({ 1, 2 }).contains(3)"#, "expected something that contains 3, but it is { 1, 2 }"),
        (#"expect(false).is_true()"#, "expected true, but it is false"),
        (#"expect(1).is_a("float")"#, #"expected a value of the kind "float", but it is 1"#),
        (#"expect(function() end).raises()"#, "expected an error, but there was none"),
        (#"expect("x").dropped()"#, "`dropped` takes what `run`, `run_all` or `advance` answered, not a string"),
        (
            #"expect(1).equal(1)"#,
            "unknown expectation `equal`; did you mean `equals`? known: contains, deduplicated, defaulted, dropped, emitted, equals, failed, is_a, is_above, is_absent, is_below, is_false, is_null, is_present, is_true, matches, passed, raises, routed_to, sampled, throttled"
        ),
        (#"expect()"#, "`expect` takes a value: expect(result).dropped()"),
        (#"expect(run("x")).routed_to()"#, "`routed_to` takes names of outputs: expect(result).routed_to(\"archive\")"),
        (#"run()"#, "`run` takes the text of a message or a table of fields, not a nil"),
        (#"run({ 1 })"#, "`run` cannot make an event of this: an event's fields have names: found a key that is a number"),
        (
            #"run("x", { from = "y" })"#,
            "unknown option of `run` `from`; known: format, input, message_format, meta, peer, received, timezone"
        ),
        (
            #"run("x", { format = "jsn" })"#,
            "unknown format `jsn`; did you mean `json`? known: auto, syslog, rfc3164, rfc5424, json, cee, logfmt, csv, combined, cri, docker, regex, grok, plain"
        ),
        (#"run("x", { received = "today" })"#, "`today` is no value for `received`; it takes RFC 3339 such as `2026-10-09T22:33:20Z`"),
        (#"run("x", { timezone = "Mars" })"#, "unknown zone `Mars`; `timezone` takes names such as `Europe/Berlin`, `UTC` or `+02:00`"),
        (#"run("x", { meta = { index = 1 } })"#, "`meta.index` takes text, not number"),
        (#"run("a,b", { format = "csv:header=true" })"#, "the text decodes to no event; `run` takes one message"),
        (#"run_all("x")"#, "`run_all` needs the rule set of a configuration: `sluice test -c sluice.yaml`"),
        (#"advance("soon")"#, "`advance` takes a duration such as \"60s\" or a number of seconds"),
        (#"advance()"#, "`advance` takes a duration such as \"60s\" or a number of seconds"),
        (#"test("inner", function() end)"#, "`test` is called at the top level of the file, not inside of a test"),
        (#"error("mine")"#, "mine"),
        (#"local x = nil + 1"#, "attempt to perform arithmetic on a nil value"),
    ])
    func `a failure names the line of the test and says what came instead`(_ test: String, _ message: String) {
        #expect(RuleTestFixture.outcome("return 'a'", test) == "route_test.lua:2: " + message)
    }

    @Test func `the caret stands below the expectation`() throws {
        let fixture = RuleTestFixture(
            rule: "function process(event) return 'a' end",
            tests: #"test("first line", function() local r = run("x"); expect(r).dropped() end)"#)
        #expect(
            fixture.results.first?.failure?.rendered() == """
                route_test.lua:1: expected the event to be dropped, but it was routed to `a` by `route.lua`
                 1 | test("first line", function() local r = run("x"); expect(r).dropped() end)
                   |                                                             ^
                """)
    }

    @Test func `a failing rule is shown with its own place below the failing test`() throws {
        let fixture = RuleTestFixture(
            rule: "function process(event)\n  log.warn('so far')\n  return event.team.name\nend",
            tests: "test('t', function()\n  expect(run('x')).passed()\nend)")
        #expect(
            fixture.results.first?.failure?.rendered() == """
                route_test.lua:2: expected the event to pass, but it failed: route.lua:3: attempt to index a nil value (field 'team')
                 2 |   expect(run('x')).passed()
                   |                    ^
                rule: route.lua:3: attempt to index a nil value (field 'team')
                 3 |   return event.team.name
                   |                ^
                log: warn: route.lua: so far
                """)
    }

    @Test func `values of several lines are shown as a diff`() throws {
        let fixture = RuleTestFixture(
            rule: "function process() end",
            tests: """
                test('t', function()
                  expect({ alpha = "a long text that fills the line", beta = 2, gamma = { 1, 2 } })
                    .equals({ alpha = "a long text that fills the line", beta = 2.0, gamma = { 1, 2 } })
                end)
                """)
        #expect(
            fixture.results.first?.failure?.rendered() == """
                route_test.lua:2: expected an equal value, but it differs
                 2 |   expect({ alpha = "a long text that fills the line", beta = 2, gamma = { 1, 2 } })
                   |   ^
                --- expected
                +++ got
                @@ -1,6 +1,6 @@
                 {
                   alpha = "a long text that fills the line",
                -  beta = 2.0,
                +  beta = 2,
                   gamma = {
                     1,
                     2,
                """)
    }

    @Test func `a test that never ends costs that test`() {
        let fixture = RuleTestFixture(
            rule: "function process() end",
            tests: """
                test("for ever", function()
                  while true do pcall(function() while true do end end) end
                end)
                test("fine", function() expect(run("x")).passed() end)
                """
        ) { $0.limits.eventNanoseconds = 10_000_000 }
        #expect(fixture.outcomes.count == 2)
        #expect(
            fixture.outcomes.first == "route_test.lua:2: the test took more than 100 ms of CPU time (ten times `time_limit`)")
        #expect(fixture.outcomes.last == "passed")
    }

    @Test func `a test that fills its memory costs that test`() {
        let fixture = RuleTestFixture(
            rule: "function process() end",
            tests: """
                local kept = {}
                test("large", function()
                  while true do kept[#kept + 1] = ("x"):rep(100000) .. #kept end
                end)
                test("fine", function() expect(run("x")).passed() end)
                """
        ) { $0.limits.memoryBytes = 8 << 20 }
        #expect(
            fixture.outcomes == ["route_test.lua:3: the rules need more than `memory_limit` (8192 KiB)", "passed"])
    }

    @Test func `a rule that never ends fails its event and not the test`() {
        #expect(
            RuleTestFixture.outcome("while true do end", #"expect(run("x")).failed("took more than")"#) {
                $0.limits.eventNanoseconds = 10_000_000
            } == "passed")
    }

    @Test func `a file that does not load is one failure`() {
        let syntax = RuleTestFixture(rule: "function process() end", tests: "test('t', function()\n  expect(\nend)")
        #expect(syntax.outcomes == ["route_test.lua:3: unexpected symbol near 'end'"])
        #expect(syntax.results.first?.name == nil)
        let twice = RuleTestFixture(rule: nil, tests: "test('t', function() end)\ntest('t', function() end)")
        #expect(twice.outcomes == [#"route_test.lua:2: there are two tests with the name "t"; names are unique in a file"#])
        let early = RuleTestFixture(rule: "function process() end", tests: "run('x')")
        #expect(early.outcomes == ["route_test.lua:1: `run` works inside of a test: test(\"…\", function() … end)"])
        let table = RuleTestFixture(rule: "function process() end", tests: "run{}")
        #expect(table.outcomes == ["route_test.lua:1: `run` works inside of a test: test(\"…\", function() … end)"])
        let wrong = RuleTestFixture(rule: nil, tests: "\ntest('t')")
        #expect(wrong.outcomes == ["route_test.lua:2: `test` takes a name and a function: test(\"…\", function() … end)"])
    }

    @Test func `a rule that does not load fails the tests that run it`() {
        let fixture = RuleTestFixture(
            rule: "function process(", tests: "test('a', function() end)\ntest('b', function() run('x') end)")
        #expect(
            fixture.outcomes == ["passed", "route_test.lua:2: the rule does not load: route.lua:1: <name> or '...' expected near <eof>"])
        let none = RuleTestFixture(rule: nil, tests: "test('b', function() run('x') end)")
        #expect(
            none.outcomes == [
                "route_test.lua:1: `run` runs the rule beside the tests, and there is no `route.lua` beside `route_test.lua`"
            ])
    }

    @Test func `what has not run by the deadline fails`() {
        let fixture = RuleTestFixture(rule: nil, tests: "test('a', function() end)") { $0.deadlineNanoseconds = 0 }
        #expect(fixture.outcomes == ["route_test.lua:1: the time for tests was over before this one began; it did not run"])
    }

    @Test func `timers that are due too often end the call`() {
        let rule = "every('1ms', function() end) function process() end"
        let fixture = RuleTestFixture(rule: rule, tests: "test('a', function() advance('1h') end)")
        #expect(fixture.outcomes.first?.contains("and is not at its end; advance by less") == true)
    }

    @Test func `test files stay in the sandbox`() {
        for attack in ["io.open('x')", "os.execute('x')", "testing.current()", "require('sluice.testing').x()", "load('\\27Lua')()"] {
            #expect(RuleTestFixture.outcome("", attack) != "passed", "\(attack)")
        }
        let rule = RuleTestFixture(
            rule:
                "local ok = pcall(require, 'sluice.testing')\nassert(not ok and not testing and not test and not run and not expect)\nfunction process() end",
            tests: "test('a', function() expect(run('x')).passed() end)")
        #expect(rule.outcomes == ["passed"])
    }
}
