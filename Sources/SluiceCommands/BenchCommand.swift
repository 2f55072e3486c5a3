import SluiceComponent
import ArgumentParser
import Glibc
import SluiceConfig
import SluiceDecoding
import SluiceEngine
import SluiceEvent
import SluiceInputs
import SluiceOutputs
import SluiceRules

/// `sluice bench`.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Show where the time goes, one stage more each time.",
        discussion: """
            Runs the same lines through read, + frame, + decode, + empty rule,
            + typical rule, + encode, + write and prints CPU time per event. The
            difference of two rungs is what a stage costs. Without a file it makes
            RFC 3164 lines of its own.

            Example:

              sluice bench -f json --rule redact.lua app.ndjson
            """)

    @Argument(help: ArgumentHelp("Input file, by default lines made for the purpose.", valueName: "FILE"))
    var file: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Format of the input.", valueName: "FORMAT"))
    var format = "rfc3164"

    @Option(help: ArgumentHelp("The typical rule, by default one that rewrites, enriches and redacts.", valueName: "RULE.lua"))
    var rule: String?

    @Option(help: ArgumentHelp("Lines to make.", valueName: "N"))
    var lines = 300_000

    @Option(help: ArgumentHelp("Runs of each rung; the fastest counts.", valueName: "N"))
    var repeats = 3

    @Option(name: .customLong("report"), help: "Form of the report: text or json.")
    var report: ReportFormat = .text

    func validate() throws {
        guard (1...100_000_000).contains(lines), (1...100).contains(repeats) else {
            throw ValidationError("`--lines` takes 1 to 100000000, `--repeats` 1 to 100")
        }
    }

    func run() throws {
        var folder = Array("\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/sluice-bench-XXXXXX".utf8CString)
        guard mkdtemp(&folder) != nil else { throw Terminal.fail("cannot create a folder for the bench", .cannotCreate) }
        let base = folder.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        let (input, output) = (file ?? base + "/input.log", base + "/output.ndjson")
        defer {
            if file == nil { unlink(input) }
            unlink(output)
            rmdir(base)
        }
        if file == nil { try BenchInput.write(lines, to: input) }
        let typical = try rule.map { try RuleArguments.read($0, api: .sluice, onError: .deadLetter) } ?? BenchInput.rule
        let text = OptionText(format)
        do {
            _ = try DecoderCatalogue.make(text, zone: .utc)
            let ladder = Ladder(
                path: input, output: output, makeDecoder: { try DecoderCatalogue.make(text, zone: .utc).decoder },
                makeLane: { isTypical in
                    let rules = [isTypical ? typical : RuleSource.body("", name: "empty", folder: ".")]
                    return try RuleLane(rules: rules, outputs: ["stdout"], inputs: ["bench"], context: HostContext())
                })
            print(try ladder.climb(repeats: repeats))
        } catch let error as RuleFailure {
            throw Terminal.fail(error.rendered(), .cannotLoad)
        } catch let error as ConfigError {
            throw Terminal.fail(error.message, .usage)
        } catch let error as InputError {
            throw Terminal.fail(error.message, Status(rawValue: error.exitStatus) ?? .missing)
        } catch let error as OutputError {
            throw Terminal.fail(error.message, Status(rawValue: error.exitStatus) ?? .cannotWrite)
        }
    }

    private func print(_ steps: [Ladder.Step]) {
        guard let events = steps.last?.events, events > 0 else { return Terminal.say("no event in the input") }
        var before: Int64 = 0
        var rows: [String] = []
        var members: [String] = []
        for step in steps {
            let total = step.cpuNanoseconds / Int64(events)
            rows.append(row(step, total, total - before, events))
            members.append(
                JSONText.object([
                    ("rung", JSONText.literal(step.rung.rawValue)), ("ns_per_event", String(total)),
                    ("added_ns", String(total - before)),
                ]))
            before = total
        }
        switch report {
        case .text:
            Terminal.out("\(events) events, \(steps.last!.bytes) bytes, fastest of \(repeats)")
            Terminal.out("rung             ns/event     added   events/s")
            for row in rows { Terminal.out(row) }
        case .json: Terminal.out("{\"events\":\(events),\"rungs\":[\(members.joined(separator: ","))]}")
        }
    }

    private func row(_ step: Ladder.Step, _ total: Int64, _ added: Int64, _ events: Int) -> String {
        func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
        let name = (step.rung == .read ? "" : "+ ") + step.rung.rawValue
        let rate = step.cpuNanoseconds > 0 ? Int(Double(events) * 1e9 / Double(step.cpuNanoseconds)) : 0
        return name + String(repeating: " ", count: 15 - name.count) + right(String(total), 10) + right(String(added), 10)
            + right(String(rate), 11)
    }
}
