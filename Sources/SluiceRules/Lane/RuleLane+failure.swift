import CSluice
import SluiceEvent
import SluiceLua

/// From what C says of a failure to what people read.
extension RuleLane {
    /// Whether an event has no field of this name.
    static func isAbsent(_ name: String, _ event: UnsafePointer<sl_event>, _ batch: UnsafePointer<sl_batch>) -> Bool {
        if name == "severity_code" { return isAbsent("severity", event, batch) }
        if name == "facility_code" { return isAbsent("facility", event, batch) }
        guard let key = FieldKey(text: name) else { return false }
        return sl_event_find(batch, event, key.id) == nil
    }

    /// The failure with its source line; `isAbsent` tells which fields the event did not have.
    func failure(
        _ record: sl_failure, of generation: RuleGeneration, fields isAbsent: (String) -> Bool = { _ in false }
    ) -> RuleFailure {
        let rules = generation.rules
        let index = min(Int(record.rule), max(0, rules.count - 1))
        var chunk = record.chunk.string
        var message = record.message.string
        let rule = rules.isEmpty ? nil : rules[index]
        let isRule = chunk.isEmpty || rule.map { LuaChunkName.matches(chunk, $0.name) } ?? false
        if isRule, let rule { chunk = rule.name }
        var line = Int(record.line)
        var excerpt: SourceExcerpt?
        if let source = isRule ? rule?.text : context.files.source(ofChunk: chunk), line > 0 {
            if let field = AbsentFieldHint.field(source: source, line: line, message: message, isAbsent: isAbsent) {
                message += ": this event has no field `\(field)`; write `(event.\(field) or …)`"
            }
            excerpt =
                isRule ? rule?.excerpt(line: line, message: message) : SourceExcerpt(source: source, line: line, message: message)
            // An error behind the end of a body is one of its last line, and the wrapper's `end` is not the user's.
            if let excerpt, excerpt.line < line {
                line = excerpt.line
                message = message.replacing("near 'end'", with: "at the end of the code")
            }
        }
        let kind: RuleFailure.Kind =
            switch Int(record.kind) {
            case SL_FAILURE_SYNTAX: .syntax
            case SL_FAILURE_MEMORY: .memory
            case SL_FAILURE_TIME: .time
            default: .runtime
            }
        return RuleFailure(
            kind: kind, ruleIndex: index, rule: rule?.name ?? "", chunk: chunk.isEmpty ? rule?.name ?? "" : chunk,
            line: line, message: message,
            traceback: record.traceback.string.split(separator: "\n").map(String.init), excerpt: excerpt)
    }
}
