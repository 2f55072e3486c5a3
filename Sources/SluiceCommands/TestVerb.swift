import ArgumentParser
import Glibc
import SluiceEngine
import SluiceEvent
import SluiceRules

/// One call of `sluice test`: finds what there is, runs it, reports.
struct TestVerb {
    private let options: TestCommand
    private let memory = TestMemory()

    init(_ options: TestCommand) { self.options = options }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        if options.update, options.watch { throw Terminal.fail("`--update` and `--watch` do not go together", .usage) }
        if options.watch { return try TestWatch(options, memory, pass: pass).run() }
        let report = try pass(nil)
        if report.isFailed { throw ExitCode(Status.refused.rawValue) }
    }

    /// Everything once, or with a list of files what depends on one of them.
    private func pass(_ changed: Set<String>?) throws -> TestReport {
        let begin = RuleTestClock.nanoseconds
        let (setting, plan) = try plan()
        var report = TestReport(showsTimes: !options.noTimes, isUpdate: options.update)
        if options.format == .text { report.colours = TestColours(isOn: Terminal.hasOutputColours) }
        memory.keep(only: Set(plan.suites.map(\.path) + plan.cases.map(\.path)))
        let isText = options.format == .text
        let run = RuleTestRun(setting)
        for suite in plan.suites {
            if memory.isUntouched(suite.path, by: changed) { continue }
            let (results, files) = run.outcome(of: suite)
            memory.keep(suite.path, files, isFailed: results.contains { $0.failure != nil })
            report.add(results, of: suite.path, isText: isText)
        }
        let golden = GoldenRun(setting, updates: options.update)
        for each in plan.cases where setting.filter.map({ each.path.contains($0) }) ?? true {
            if memory.isUntouched(each.path, by: changed) { continue }
            let (result, files) = golden.result(of: each)
            memory.keep(each.path, files, isFailed: result.failure != nil)
            report.add([result], of: each.path, isText: isText)
        }
        report.nanoseconds = RuleTestClock.nanoseconds - begin
        try finish(&report, setting, isFirst: changed == nil)
        return report
    }

    private func plan() throws -> (RuleTestSetting, TestPlan) {
        let api = try RuleArguments.api(options.api, call: options.call, timeAsTable: false, environment: [])
        var setting = RuleTestSetting()
        setting.zone = Zone.system()
        setting.filter = options.filter
        if options.coverage != nil { setting.coverage = RuleCoverage() }
        var home: String?
        if let file = options.config { home = try RuleSet.read(file, into: &setting) }
        var plan = TestPlan(ruleSet: setting.rules, home: home, api: api)
        for path in options.paths { try plan.add(path) }
        if options.paths.isEmpty { if options.config != nil { try plan.addRuleSet() } else { try plan.add(".") } }
        return (setting, plan)
    }

    private func finish(_ report: inout TestReport, _ setting: RuleTestSetting, isFirst: Bool) throws {
        if report.count == 0, isFirst {
            report.isFailed = true
            let place = options.paths.isEmpty ? options.config ?? "." : options.paths.joined(separator: "`, `")
            let what = options.filter.map { "no test has `\($0)` in its name or its file's" } ?? "no tests found in `\(place)`"
            Terminal.say("\(what); tests of `route.lua` lie beside it in `route_test.lua` (see `sluice help test`)")
        }
        let coverage = setting.coverage?.files ?? []
        switch options.format {
        case .text:
            report.printSummary()
            if options.coverage != nil { Terminal.out(CoverageReport.table(coverage)) }
        case .json: Terminal.out(report.json(coverage: options.coverage == nil ? nil : coverage))
        }
        if let path = options.junit { try TestFile.write(JUnitReport.text(report), to: path) }
        if let path = options.coverage, !path.isEmpty { try TestFile.write(CoverageReport.lcov(coverage), to: path) }
    }
}

/// What the last run of each file of tests and golden case depended on.
final class TestMemory {
    private var files: [String: Set<String>] = [:]
    private var failed: Set<String> = []

    /// Keeps the files that a test depends on besides itself, and how it ended.
    func keep(_ path: String, _ files: [String], isFailed: Bool) {
        self.files[path] = Set(files)
        if isFailed { failed.insert(path) } else { failed.remove(path) }
    }

    /// Forgets tests that are no more.
    func keep(only paths: Set<String>) {
        files = files.filter { paths.contains($0.key) }
        failed.formIntersection(paths)
    }

    /// Everything has to run again.
    func forget() { files.removeAll() }

    /// Whether the last run of any test failed.
    var hasFailures: Bool { !failed.isEmpty }

    /// Whether a test depends on a file.
    func knows(_ path: String) -> Bool { files[path] != nil || files.values.contains { $0.contains(path) } }

    /// Whether a test that ran before has nothing to do with what changed; without a list of changes none is.
    func isUntouched(_ path: String, by changed: Set<String>?) -> Bool {
        guard let changed, let known = files[path] else { return false }
        return known.isDisjoint(with: changed) && !changed.contains { $0 == path || $0.hasPrefix(path + "/") }
    }
}

/// Writing a report.
enum TestFile {
    /// Replaces a file's content.
    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "wb") else {
            throw Terminal.fail("cannot create `\(path)`: \(String(cString: strerror(errno)))", .cannotCreate)
        }
        let bytes = Array(text.utf8)
        let count = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, count == bytes.count else {
            throw Terminal.fail("cannot write `\(path)`: \(String(cString: strerror(errno)))", .cannotWrite)
        }
    }
}
