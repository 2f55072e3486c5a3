import CSluice
import SluiceComponent
import SluiceConfig
import SluiceDecoding
import SluiceEncoding
import SluiceEvent

@testable import SluiceRules

/// A lane with one rule, and batches of events made from field lists.
final class LaneFixture {
    let lane: RuleLane
    let batch = EventBatch()
    var failures: [RuleFailure] = []

    init(
        _ text: String, outputs: [String] = ["stdout", "a", "b"], limits: RuleLimits = RuleLimits(),
        api: RuleSource.API = .sluice,
        onError: ErrorPolicy = .deadLetter, more: [String] = [], folder: String = ".", context given: HostContext? = nil
    ) throws {
        let sources = ([text] + more).enumerated().map { index, text in
            RuleSource(
                name: index == 0 ? "rule.lua" : "rule\(index + 1).lua", folder: folder, text: Array(text.utf8), api: api,
                onError: onError)
        }
        let context = given ?? HostContext()
        lane = try RuleLane(rules: sources, outputs: outputs, inputs: ["in"], limits: limits, context: context)
        if given == nil { context.logSink = { [weak self] in self?.log.append($0.rule + ": " + $0.text) } }
    }

    /// A lane whose one rule has this body of `process`.
    convenience init(body: String, onError: ErrorPolicy = .deadLetter, more: [String] = []) throws {
        try self.init(Self.process(body), onError: onError, more: more.map(Self.process))
    }

    /// The rule whose `process` has this body.
    static func process(_ body: String) -> String { "function process(event, meta)\n\(body)\nend" }

    /// A lane with these rules, and further inputs.
    init(rules: [RuleSource], outputs: [String] = ["stdout", "a", "b"], inputs: [String] = ["in"]) throws {
        let context = HostContext()
        lane = try RuleLane(rules: rules, outputs: outputs, inputs: inputs, context: context)
        context.logSink = { [weak self] in self?.log.append($0.rule + ": " + $0.text) }
    }

    /// A lane that begins with a generation.
    init(
        generation: RuleGeneration, states: [RuleState] = [], limits: RuleLimits = RuleLimits(), catchesKeptEvents: Bool = false
    ) throws {
        let context = HostContext()
        lane = try RuleLane(
            generation: generation, limits: limits, context: context, states: states, catchesKeptEvents: catchesKeptEvents)
        context.logSink = { [weak self] in self?.log.append($0.rule + ": " + $0.text) }
    }

    /// A rule whose `process` has this body.
    static func rule(_ name: String, _ body: String, inputs: [String]? = nil) -> RuleSource {
        RuleSource(name: name, folder: ".", text: Array(process(body).utf8), inputs: inputs)
    }

    /// What one rule body makes of one JSON line: the event as JSON and its fate, or the error.
    static func json(_ line: String, _ body: String) throws -> String {
        let lane = try LaneFixture(body: body)
        lane.add(json: line)
        let results = lane.runJSON()
        return lane.failures.first?.message ?? results.joined(separator: "\n")
    }

    /// What the rules wrote to the log.
    var log: [String] = []

    /// A field's value.
    enum Value {
        case text(String), escaped(String), integer(Int64), json(String), number(String), null, truth(Bool), severity(Int64)
        case time(Int64)
    }

    /// Appends an event to the batch.
    func add(_ fields: [(String, Value)], flags: EventFlags = [], raw: String = "raw") {
        let bytes = Array(raw.utf8).withUnsafeBytes { batch.append($0) }
        _ = sl_event_begin(batch.raw, bytes, 1_000, flags.rawValue)
        for (name, value) in fields {
            let key = FieldKey(text: name)!.id
            func text(_ text: String, _ type: Int, _ flags: Int = 0) {
                let span = Array(text.utf8).withUnsafeBytes { batch.append($0) }
                _ = sl_event_add_text(batch.raw, key, UInt8(type), UInt8(flags), span.offset, span.length)
            }
            switch value {
            case .text(let value): text(value, SL_STRING)
            case .escaped(let value): text(value, SL_STRING, SL_ESCAPED)
            case .json(let value): text(value, value.hasPrefix("[") ? SL_ARRAY : SL_OBJECT)
            case .number(let value): text(value, SL_NUMBER)
            case .integer(let value): _ = sl_event_add_integer(batch.raw, key, UInt8(SL_INTEGER), value)
            case .severity(let value): _ = sl_event_add_integer(batch.raw, key, UInt8(SL_SEVERITY), value)
            case .null: _ = sl_event_add_integer(batch.raw, key, UInt8(SL_NULL), 0)
            case .truth(let value): _ = sl_event_add_integer(batch.raw, key, UInt8(value ? SL_TRUE : SL_FALSE), 0)
            case .time(let value): _ = sl_event_add_time(batch.raw, key, value, 0)
            }
        }
        _ = sl_event_end(batch.raw)
    }

    /// Decodes a line of JSON to the batch's end.
    func add(json line: String, format: String = "json") {
        // SAFETY: the decoder gets the span that the bytes were copied to.
        let span = Array(line.utf8).withUnsafeBytes { batch.append($0) }
        guard var decoder = try? DecoderCatalogue.make(OptionText(format)).decoder else { preconditionFailure("no JSON") }
        _ = decoder.decode(Frame(offset: Int(span.offset), length: Int(span.length)), received: 1_000, into: batch)
    }

    /// Runs the batch and shows each event in order as the JSON output writes it, and its fate unless that is the default.
    func runJSON() -> [String] {
        lane.run(batch) { failure, _ in failures.append(failure) }
        return encoded()
    }

    /// The batch's events as JSON.
    func encoded() -> [String] {
        var lines: [String] = []
        batch.forEachEvent { event in
            var output = sl_buffer()
            defer { sl_buffer_destroy(&output) }
            guard var encoder = try? EncoderCatalogue.make("json") else { preconditionFailure("no JSON") }
            encoder.encode(UnsafePointer(event), of: UnsafePointer(batch.raw), to: &output)
            let text = String(decoding: UnsafeBufferPointer(start: output.bytes, count: output.length), as: UTF8.self)
            let fate = fate(event.pointee)
            lines.append(text.filter { $0 != "\n" } + (fate == "defaulted" ? "" : " " + fate))
        }
        return lines
    }

    /// Runs the batch and describes each event in order: its fields as JSON-like text, then its fate.
    func run() -> [String] {
        lane.run(batch) { failure, _ in failures.append(failure) }
        var lines: [String] = []
        batch.forEachEvent { lines.append(describe($0)) }
        return lines
    }

    func describe(_ event: UnsafeMutablePointer<sl_event>) -> String {
        var fields: [String] = []
        for index in 0..<Int(event.pointee.count) {
            let slot = sl_event_slots(batch.raw, event)! + index
            guard slot.pointee.type != UInt8(SL_ABSENT), slot.pointee.flags & UInt8(SL_META) == 0 else { continue }
            var length = 0
            let name = sl_slot_name(batch.raw, slot, &length)
            fields.append(
                String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self) + "=" + value(slot.pointee))
        }
        return "{" + fields.joined(separator: " ") + "} " + fate(event.pointee)
    }

    private func value(_ slot: sl_slot) -> String {
        switch Int(slot.type) {
        case SL_NULL: return "null"
        case SL_TRUE: return "true"
        case SL_FALSE: return "false"
        case SL_INTEGER: return String(slot.integer)
        case SL_FLOAT: return "\(slot.number)"
        case SL_SEVERITY: return "severity:\(slot.integer)"
        case SL_FACILITY: return "facility:\(slot.integer)"
        case SL_TIMESTAMP: return "time:\(slot.integer)"
        case SL_STRING: return "'" + String(decoding: batch.bytes(slot.text), as: UTF8.self) + "'"
        default: return String(decoding: batch.bytes(slot.text), as: UTF8.self)
        }
    }

    private func fate(_ event: sl_event) -> String {
        let outputs = lane.outputs.indices.filter { event.outputs >> UInt64($0) & 1 == 1 }.map { lane.outputs[$0] }
        let list = outputs.isEmpty ? "" : " " + outputs.joined(separator: ",")
        let verdicts = ["pending", "routed", "defaulted", "dropped", "deduplicated", "throttled", "sampled", "failed"]
        return verdicts[Int(event.verdict)] + list
    }
}
