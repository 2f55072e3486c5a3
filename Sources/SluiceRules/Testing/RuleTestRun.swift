import CSluice
import SluiceEvent
import SluiceLua

/// Runs files of tests: the one runner behind `sluice test`, `sluice check` and the reload.
///
/// Each test gets fresh Lua states of the rules, an empty `state`, and a clock that follows the data. A test that raises, loops
/// or fills its memory costs that test; nothing is printed here.
package struct RuleTestRun {
    private let setting: RuleTestSetting

    /// A runner.
    package init(_ setting: RuleTestSetting) { self.setting = setting }

    /// Runs the tests beside the rules of a rule set.
    package static func results(besideRules rules: [RuleSource], _ setting: RuleTestSetting) -> [RuleTestResult] {
        let run = RuleTestRun(setting)
        return RuleTestSuite.beside(rules).flatMap { run.results(of: $0) }
    }

    /// Runs one file of tests.
    package func results(of suite: RuleTestSuite) -> [RuleTestResult] { outcome(of: suite).results }

    /// Runs one file; answers as well which files it depends on besides itself, the rule first.
    package func outcome(of suite: RuleTestSuite) -> (results: [RuleTestResult], files: [String]) {
        var results: [RuleTestResult] = []
        if let rule = suite.rule { setting.coverage?.add(rule) }
        let batch = EventBatch()
        let session = RuleTestSession(suite, setting, testBatch: batch.raw)
        let begin = RuleTestClock.nanoseconds
        let source = Self.source(of: suite)
        do throws(RuleFailure) {
            let lane = try makeLane(source, session)
            for (index, test) in session.definitions.enumerated() where setting.wants(test.name, in: suite.path) {
                let begin = RuleTestClock.nanoseconds
                let failure = setting.isOverdue ? Self.overdue(suite, test) : run(index, test, source, lane, session, batch)
                results.append(
                    RuleTestResult(
                        file: suite.path, name: test.name, line: test.line, nanoseconds: RuleTestClock.nanoseconds - begin,
                        failure: failure))
            }
        } catch {
            let failure = Self.failure(error, source, session, line: 0)
            results.append(
                RuleTestResult(
                    file: suite.path, name: nil, line: failure.line, nanoseconds: RuleTestClock.nanoseconds - begin,
                    failure: failure))
        }
        return (results, [suite.rule?.path].compactMap { $0 } + session.filesRead)
    }

    /// The file of tests as a rule: its first line loads what it uses.
    private static func source(of suite: RuleTestSuite) -> RuleSource {
        let text = RuleTestPrelude.prologue + suite.text
        return RuleSource(
            name: suite.path, folder: suite.folder, text: text, written: RuleTestPrelude.prologue.count..<text.count, api: .test,
            path: suite.path)
    }

    private func makeLane(_ source: RuleSource, _ session: RuleTestSession) throws(RuleFailure) -> RuleLane {
        let context = HostContext(
            now: RuleTestSession.startNanoseconds, localZone: setting.zone, random: RandomSource(seed: 1),
            logSink: { [unowned session] in session.note($0) })
        context.testSession = session
        var limits = setting.limits
        limits.eventNanoseconds = setting.testNanoseconds
        limits.loadNanoseconds = setting.testNanoseconds
        limits.emitsMax = 100_000
        let lane = try RuleLane(
            generation: RuleGeneration(number: 1, rules: [source], outputs: [], inputs: []), limits: limits, context: context,
            acceptsAnyOutput: true)
        lane.setClock(RuleTestSession.startNanoseconds, followsData: false)
        session.testLane = lane
        return lane
    }

    private func run(
        _ index: Int, _ test: RuleTestSession.Definition, _ source: RuleSource, _ lane: RuleLane, _ session: RuleTestSession,
        _ batch: borrowing EventBatch
    ) -> RuleTestFailure? {
        session.begin(index)
        defer { session.begin(-1) }
        batch.clear()
        _ = sl_event_begin(batch.raw, .empty, 0, 0)
        _ = sl_event_end(batch.raw)
        var failure: RuleTestFailure?
        lane.run(batch) { error, _ in
            failure = failure ?? Self.failure(error, source, session, line: test.line)
        }
        return failure
    }

    // MARK: - Failures

    private static func overdue(_ suite: RuleTestSuite, _ test: RuleTestSession.Definition) -> RuleTestFailure {
        RuleTestFailure(
            place: "\(suite.path):\(test.line)", line: test.line,
            message: "the time for tests was over before this one began; it did not run")
    }

    /// An error of the file of tests, at the innermost line that its author wrote.
    private static func failure(
        _ error: RuleFailure, _ source: RuleSource, _ session: RuleTestSession, line: Int
    ) -> RuleTestFailure {
        let unmet = session.unmet.flatMap { $0.message == error.message ? $0 : nil }
        var (chunk, place) = (error.chunk, error.line)
        if chunk == RuleTestPrelude.module || place == 0 {
            (chunk, place) = writtenPlace(error.traceback) ?? (source.name, line)
        }
        let isTest = LuaChunkName.matches(chunk, source.name)
        if isTest { chunk = source.name }
        var message = error.message
        if error.kind == .time {
            message = "the test took more than \(session.setting.testNanoseconds / 1_000_000) ms of CPU time (ten times `time_limit`)"
        }
        let about = unmet.map { "`\($0.matcher)`" } ?? message
        let excerpt = isTest && place > 0 ? source.excerpt(line: place, message: about) : error.excerpt
        return RuleTestFailure(
            place: place > 0 ? "\(chunk):\(place)" : chunk, line: place, message: message, excerpt: excerpt,
            expected: unmet?.expected, got: unmet?.got, ruleFailures: session.failures, log: session.log)
    }

    /// The innermost level of a traceback that is neither the prelude's nor C's: `route_test.lua:9: in function …`.
    private static func writtenPlace(_ traceback: [String]) -> (String, Int)? {
        for level in traceback where !level.hasPrefix("[C]") && !level.hasPrefix(RuleTestPrelude.module + ":") {
            guard let end = level.firstRange(of: ": in ") else { continue }
            let place = level[..<end.lowerBound]
            guard let colon = place.lastIndex(of: ":"), let line = Int(place[place.index(after: colon)...]) else { continue }
            return (String(place[..<colon]), line)
        }
        return nil
    }
}
