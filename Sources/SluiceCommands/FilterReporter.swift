import SluiceComponent
import CSluice
import Glibc
import SluiceEngine
import SluiceInputs
import SluiceOutputs
import SluiceRules

/// What a filter tells on standard error: failures, log lines, progress.
///
/// On a terminal each distinct failure is shown once, with line and caret, and counted after that. Elsewhere each dead letter
/// is one JSON line, and all other lines start with `sluice: `.
final class FilterReporter {
    /// Frames that strict decoding refused.
    private(set) var refusals = 0
    /// Exit status of the first input that could not be read, or of dead letters that could not be written.
    private(set) var faultStatus: Status?

    private var letters = DeadLetterSink()
    private var seen: [String: Int] = [:]
    private var order: [String] = []
    private var progress: ProgressLine?
    private var input = ""

    /// Opens the place of dead letters, which empties the file.
    func openDeadLetters(_ path: String?) throws(OutputError) { letters = try DeadLetterSink(path: path) }

    /// Which file takes dead letters; nil when it is none.
    var deadLetterFile: FileIdentity? { letters.identity }

    func hooks(showsProgress: Bool) -> FilterPipeline.Hooks {
        if showsProgress { progress = ProgressLine() }
        var hooks = FilterPipeline.Hooks()
        hooks.failed = { [self] in failed($0, $1) }
        hooks.refused = { [self] text, line in
            refusals += 1
            show(text, text, line)
        }
        hooks.progressed = { [self] read, total in progress?.update(input, read, total) }
        return hooks
    }

    func startInput(_ path: String) { input = path }

    func inputFailed(_ error: InputError) {
        tell(error.message)
        if faultStatus == nil { faultStatus = Status(rawValue: error.exitStatus) ?? .missing }
    }

    func log(_ record: LogRecord) {
        let fields = record.fields.isEmpty ? "" : " " + record.fields
        tell("\(record.level.name): \(record.rule): \(record.text)\(fields)")
    }

    private func failed(_ failure: RuleFailure, _ line: UnsafeMutablePointer<sl_buffer>?) {
        show(failure.summary, failure.rendered(), line)
    }

    private func show(_ key: String, _ text: String, _ line: UnsafeMutablePointer<sl_buffer>?) {
        if let line, write(line) { return }
        if seen[key] == nil { order.append(key) }
        seen[key, default: 0] += 1
        if seen[key] == 1 { tell(text) }
    }

    /// Writes a dead letter; false when letters are shown to a person instead.
    private func write(_ line: UnsafeMutablePointer<sl_buffer>) -> Bool {
        do throws(OutputError) {
            return try letters.write(line)
        } catch {
            // A reader of standard error that went away wants to know nothing.
            guard error.code != .closed else { return true }
            if faultStatus == nil { faultStatus = Status(rawValue: error.exitStatus) ?? .cannotWrite }
            let text = "\(error.message); dead letters are lost"
            seen[text, default: 0] += 1
            if seen[text] == 1 { tell(text) }
            return true
        }
    }

    private func tell(_ text: String) {
        progress?.clear()
        Terminal.say(text)
    }

    /// The last lines: how often each failure came, and what became of no event.
    func finish(_ pipeline: FilterPipeline, losses: [String]) {
        progress?.clear()
        for key in order where seen[key]! > 1 { Terminal.say("\(seen[key]!) times: \(key)") }
        for loss in losses { Terminal.say(loss) }
        letters.close()
    }
}

/// Where dead letters go: a file, standard error as JSON lines, or nowhere as lines when a person looks on.
struct DeadLetterSink: ~Copyable {
    private var writer: FileWriter?

    /// Nowhere yet.
    init() { writer = nil }

    init(path: String?) throws(OutputError) {
        if let path {
            writer = try FileWriter(path: path)
        } else if !Terminal.isErrorTerminal {
            writer = FileWriter(descriptor: STDERR_FILENO, name: "standard error")
        } else {
            writer = nil
        }
    }

    /// Which file the letters go to; nil when it is none.
    var identity: FileIdentity? {
        switch writer {
        case .some(let writer): writer.identity
        case .none: nil
        }
    }

    /// Writes a letter; false when letters are shown to a person instead.
    mutating func write(_ line: UnsafeMutablePointer<sl_buffer>) throws(OutputError) -> Bool {
        guard writer != nil else { return false }
        try writer?.write(line)
        return true
    }

    mutating func close() { writer = nil }
}
