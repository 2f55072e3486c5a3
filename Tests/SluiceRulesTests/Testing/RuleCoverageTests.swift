import Testing

@testable import SluiceRules

@Suite struct RuleCoverageTests {
    private func lines(_ text: String) -> [Int] { LuaChunkLines.executable(Array(text.utf8)) }

    @Test func `lines that can run are those with code, in functions that never run as well`() {
        #expect(
            lines(
                """
                -- a comment
                local x = 1

                function process(event)
                  if event.a then
                    return drop
                  else
                    event.b = function()
                      return 1 +
                        x
                    end
                  end
                end
                local function never(...)
                  return ...
                end
                """) == [2, 4, 5, 6, 9, 10, 11, 13, 15, 16])
        #expect(lines("function process() end") == [1])
        #expect(lines("this is no Lua") == [])
        #expect(lines("") == [])
    }

    @Test func `long constants, floats and many lines are read past`() {
        let filler = (0..<300).map { "x\($0 % 5) = { \($0), 1.5, 'text', \"\(String(repeating: "y", count: 300))\" }" }
        #expect(lines(filler.joined(separator: "\n\n\n")) == (0..<300).map { $0 * 3 + 1 })
    }

    @Test func `what tests reach counts, also behind a limit of time`() {
        let coverage = RuleCoverage()
        let fixture = RuleTestFixture(
            rule: """
                function process(event)
                  if event.message == "loop" then
                    while true do end
                  end
                  if event.message == "a" then
                    return "a"
                  end
                  return "b"
                end
                """,
            tests: "test('t', function() run('loop') expect(run('a')).routed_to('a') end) test('u', function() run('a') end)"
        ) {
            $0.coverage = coverage
            $0.limits.eventNanoseconds = 20_000_000
        }
        #expect(fixture.outcomes == ["passed", "passed"])
        let file = coverage.files.first
        #expect(file?.path == "route.lua")
        #expect(file?.lines.filter { $0.count == 0 }.map(\.line) == [8])
        #expect(file?.lines.first { $0.line == 6 }?.count == 2)
        #expect(file?.missed == [8...8])
    }

    @Test func `a rule that no test runs is not covered`() {
        let coverage = RuleCoverage()
        _ = RuleTestFixture(rule: "function process()\n  return 'a'\nend", tests: "test('t', function() end)") { $0.coverage = coverage }
        #expect(coverage.files.first?.hit == 0)
        #expect(coverage.files.first?.missed == [1...3])
    }
}
