import CSluice
import SluiceComponent
import SluiceEncoding
import SluiceEvent
import SluiceInputs
import SluiceRules
import SluiceStore

/// Makes dead letters of what a rule, a decoder or an output could not handle.
enum LetterWriting {
    /// The letter of an event as it was before the rule that failed.
    static func letter(
        _ failure: RuleFailure, generation: Int, event: UnsafePointer<sl_event>, batch: borrowing EventBatch, outputs: [String],
        inputs: [String], time: Int64
    ) -> DeadLetter {
        let source = Int(event.pointee.source)
        let raw = batch.bytes(event.pointee.raw)
        return DeadLetter(
            time: time, rule: failure.rule, line: failure.line > 0 ? failure.line : nil,
            input: source < inputs.count ? inputs[source] : "", generation: generation, error: failure.message,
            traceback: failure.traceback, also: names(event.pointee.outputs, outputs), event: text(event, batch),
            raw: raw.isEmpty ? nil : Array(raw), packed: batch.pack(event))
    }

    /// The letter of a frame that did not become an event.
    static func letter(refused raw: UnsafeRawBufferPointer, reason: String, input: String, time: Int64) -> DeadLetter {
        DeadLetter(
            time: time, input: input, generation: 0, error: "frame refused in strict mode: \(reason)", event: Array("null".utf8),
            raw: Array(raw), packed: [])
    }

    /// The letters of the packed events of a parcel that an output gave up on.
    static func letters(
        of packed: UnsafePointer<sl_buffer>, output: String, error: String, time: Int64
    ) -> [DeadLetter] {
        let batch = EventBatch()
        PackedEvents.unpack(packed, into: batch)
        return letters(of: batch, output: output, error: error, time: time)
    }

    /// The letters of a parcel whose records are events as one Sluice sends them to another; none when they are not.
    static func letters(records parcel: Parcel, output: String, error: String, time: Int64) -> [DeadLetter] {
        let batch = EventBatch()
        let bytes = UnsafeRawBufferPointer(start: parcel.bytes.pointee.bytes, count: parcel.byteCount)
        let outcome = PackedRecords().append(bytes, eventsMax: parcel.events, peer: nil, to: batch)
        return outcome.events == parcel.events ? letters(of: batch, output: output, error: error, time: time) : []
    }

    private static func letters(of batch: borrowing EventBatch, output: String, error: String, time: Int64) -> [DeadLetter] {
        var letters: [DeadLetter] = []
        batch.forEachEvent { event in
            let raw = batch.bytes(event.pointee.raw)
            letters.append(
                DeadLetter(
                    time: time, output: output, input: "", generation: 0, error: error, event: text(event, batch),
                    raw: raw.isEmpty ? nil : Array(raw), packed: batch.pack(event)))
        }
        return letters
    }

    /// The letters of a parcel whose events are not at hand: one for each part, with the encoded records as its raw bytes.
    static func letters(encoded parcel: Parcel, output: String, error: String, time: Int64) -> [DeadLetter] {
        var at = 0
        return parcel.parts.map { part in
            defer { at += part.length }
            // SAFETY: the lengths of all parts are those of the buffer.
            let bytes = UnsafeBufferPointer(start: parcel.bytes.pointee.bytes + at, count: part.length)
            return DeadLetter(
                time: time, output: output, input: "", generation: 0, error: error, event: Array("null".utf8), raw: Array(bytes),
                packed: [])
        }
    }

    private static func names(_ bits: UInt64, _ outputs: [String]) -> [String] {
        outputs.indices.filter { bits & 1 << UInt64($0) != 0 }.map { outputs[$0] }
    }

    /// The event as one line of JSON, without its end.
    private static func text(_ event: UnsafePointer<sl_event>, _ batch: borrowing EventBatch) -> [UInt8] {
        var encoder = JSONEventEncoder()
        return gathered { encoder.encode(event, of: UnsafePointer(batch.raw), to: $0) }.dropLast()
    }

    private static func gathered(_ write: (UnsafeMutablePointer<sl_buffer>) -> Void) -> [UInt8] {
        var buffer = sl_buffer()
        defer { sl_buffer_destroy(&buffer) }
        write(&buffer)
        return Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.length))
    }
}
