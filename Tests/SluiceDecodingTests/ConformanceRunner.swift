import CSluice
import SluiceComponent
import SluiceEvent

/// Runs the cases of one format through its decoder: a format plugs in with a closure that makes the decoder of a case.
struct ConformanceRunner: Sendable {
    /// The decoder of a case, in its own or in tolerant mode.
    let makeDecoder: @Sendable (_ theCase: ConformanceCase, _ strict: Bool) throws -> any Decoder
    /// Names under which the events keep what the cases call differently.
    var names: [String: String] = [:]

    /// What a decoder made of a case's inputs.
    struct Result {
        var events: [DecodedEvent]
        var refusal: StaticString?
    }

    /// Decodes the inputs as frames of one stream.
    func decode(_ theCase: ConformanceCase, strict: Bool) throws -> Result {
        var decoder = try makeDecoder(theCase, strict)
        let batch = EventBatch()
        var refusal: StaticString?
        for input in theCase.inputs {
            let span = input.withUnsafeBytes { batch.append($0) }
            let frame = Frame(offset: Int(span.offset), length: Int(span.length))
            if case .refused(let reason) = decoder.decode(frame, received: theCase.now, into: batch) { refusal = reason }
        }
        decoder.finish(received: theCase.now, into: batch)
        return Result(events: DecodedEvent.all(of: batch), refusal: refusal)
    }

    /// What is wrong with the answer to a case with one event, nil when nothing is.
    func difference(_ theCase: ConformanceCase, strict: Bool) throws -> String? {
        let result = try decode(theCase, strict: strict)
        if strict, theCase.mustFail {
            if result.refusal == nil { return "was not refused" }
            return result.events.isEmpty ? nil : "was refused and left an event"
        }
        if let refusal = result.refusal { return "was refused: \(refusal)" }
        if result.events.isEmpty { return theCase.mayDrop ? nil : "gave no event" }
        guard result.events.count == 1 else { return "gave \(result.events.count) events" }
        guard let expected = theCase.expected else { return nil }
        let comparison = ConformanceComparison(now: theCase.now, names: names)
        guard let difference = comparison.difference(result.events[0], expected) else { return nil }
        for alternative in theCase.alternatives where comparison.difference(result.events[0], alternative) == nil { return nil }
        return difference
    }
}
