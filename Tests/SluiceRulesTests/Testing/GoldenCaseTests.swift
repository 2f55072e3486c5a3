import Foundation
import Testing

@testable import SluiceRules

@Suite struct GoldenCaseTests {
    private static let rule = """
        function process(event)
          if event.message == "noise" then return drop end
          if event.message == "bad" then error("broken") end
          if event.message:match("^auth") then event.team = "sec" return "auth" end
        end
        """

    /// Runs a case whose folder holds these files, and gives the failure as it is shown.
    private func run(
        _ files: [String: String], rule: String = rule, updates: Bool = false, _ check: (URL) throws -> Void = { _ in }
    ) throws -> String? {
        let home = FileManager.default.temporaryDirectory.appending(path: "case-\(UUID().uuidString)")
        let folder = home.appending(path: "cases/one")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: home) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        let source = RuleSource(name: "route.lua", folder: home.path, text: Array(rule.utf8))
        let golden = GoldenCase(path: folder.path, rules: rule.isEmpty ? [] : [source])
        let (result, _) = GoldenRun(RuleTestSetting(), updates: updates).result(of: golden)
        try check(folder)
        return result.failure?.rendered().replacing(folder.path, with: "cases/one")
    }

    @Test func `a case without input, with two inputs or without rules says what to do`() throws {
        #expect(try run([:]) == "cases/one: there is no input; put the log into `cases/one/in.log` (or `in.ndjson`, `in.csv`)")
        #expect(
            try run(["in.log": "", "in.csv": ""])
                == "cases/one: there is more than one input: `in.csv`, `in.log`; a case has one")
        #expect(
            try run(["in.log": "x\n"], rule: "")
                == "cases/one: it is not clear which rules to run; say so in `cases/one/case.yaml`: `rules: [route.lua]`, or give the configuration with `-c`"
        )
    }

    @Test func `a case without expectation fails and shows what came out`() throws {
        #expect(
            try run(["in.log": "auth one\nnoise\nplain\n"]) == """
                cases/one: nothing is expected yet; look at what came out and keep it with `sluice test --update`
                --- /dev/null
                +++ what came out
                @@ -0,0 +1,1 @@
                +{"message":"auth one","team":"sec"}
                --- /dev/null
                +++ what came out
                @@ -0,0 +1,1 @@
                +{"message":"plain"}
                --- /dev/null
                +++ what came out
                @@ -0,0 +1,1 @@
                +dropped 1
                """)
    }

    @Test func `what differs is shown as a diff, with the rule's failure`() throws {
        #expect(
            try run([
                "in.log": "plain\nbad\n", "out.default.ndjson": "{\"message\":\"other\"}\n", "out.gone.ndjson": "{}\n",
                "out.summary": "dead_lettered 1\n1 × route.lua:3: broken\n",
            ]) == """
                cases/one: `out.default.ndjson`, `out.gone.ndjson` differ from what came out; `sluice test --update` takes it over
                --- out.default.ndjson
                +++ what came out
                @@ -1,1 +1,1 @@
                -{"message":"other"}
                +{"message":"plain"}
                --- out.gone.ndjson
                +++ /dev/null
                @@ -1,1 +0,0 @@
                -{}
                rule: route.lua:3: broken
                 3 |   if event.message == "bad" then error("broken") end
                   |   ^
                """)
    }

    @Test func `an update writes what came out and takes away what did not`() throws {
        let files = ["in.log": "auth one\nnoise\n", "out.gone.ndjson": "{}\n"]
        let failure = try run(files, updates: true) { folder in
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(names == ["in.log", "out.auth.ndjson", "out.summary"])
            let text = try String(contentsOf: folder.appending(path: "out.auth.ndjson"), encoding: .utf8)
            #expect(text == "{\"message\":\"auth one\",\"team\":\"sec\"}\n")
        }
        #expect(failure == nil)
    }

    @Test func `options of a case are checked with their place`() throws {
        let fault = try run(["in.log": "x\n", "case.yaml": "formt: json\n"]) ?? ""
        #expect(fault.contains("case.yaml:1:1: unknown option `formt` of `case.yaml`; did you mean `format`?"), "\(fault)")
        #expect(
            try run(["in.log": "x\n", "case.yaml": "timezone: Mars\n"])
                == "cases/one: unknown zone `Mars` in `cases/one/case.yaml`")
        #expect(
            try run(["in.log": "x\n", "case.yaml": "rules: [missing.lua]\n"])?.hasSuffix(
                "that `cases/one/case.yaml` names") == true)
        #expect(try run(["in.log": "x\n", "case.yaml": "format: jsn\n"])?.contains("unknown format `jsn`") == true)
    }

    @Test func `rows of a table, zone and clock of a case are as it says`() throws {
        let rule = "function process(event, meta) event.input = meta.input end"
        #expect(
            try run(
                [
                    "in.csv": "a,b\n1,\"two\nlines\"\n", "out.default.ndjson": #"{"a":"1","b":"two\nlines","input":"table"}"# + "\n",
                    "case.yaml": "input: table\n",
                ],
                rule: rule) == nil)
        let line =
            #"{"timestamp":"2025-10-11T22:14:15+02:00","hostname":"web1","appname":"app","facility":"user","severity":"debug","message":"x","input":"test"}"#
        #expect(
            try run(
                [
                    "in.log": "<15>Oct 11 22:14:15 web1 app: x\n", "out.default.ndjson": line + "\n",
                    "case.yaml": "timezone: \"+02:00\"\nreceived: 2026-05-01T00:00:00Z\n",
                ], rule: rule) == nil)
    }
}
