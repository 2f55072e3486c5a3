package import CSluice
import SluiceEvent

/// Text with fields in it: `{timestamp:%H:%M:%S} {hostname} {user.email:-nobody} {@index}`.
///
/// `{name}` is a field, `{a.b}` a part of a nested one, `{@name}` a value of `meta`; `{name:-text}` gives a default for a
/// field that is missing or null (otherwise it is empty); `{name:%H:%M}` prints a time by a format, at the offset it has;
/// `{{` and `}}` are braces. Line ends inside values are written `\n` and `\r`, so that one event stays one line.
///
/// Parsed once; appending allocates nothing. The object owns the memory that its parts point to.
package final class Template: @unchecked Sendable {
    // SAFETY: nothing is written after `init`.

    /// What a part shows.
    enum Kind: UInt8 {
        case literal, field, metaSet, metaRaw, metaReceived, metaFormat, metaFlags, metaPeer, metaInput
        /// Codes that stand bare in a file path.
        case clock
    }

    /// One part; plain numbers, so that walking over them costs no reference count.
    struct Part {
        var kind: Kind
        var path: FieldPath
        /// Offset and length of a literal or default text in the pool; a length below zero is no default.
        var textOffset = 0
        var textCount = -1
        /// Index of the time format, below zero without one.
        var format = -1
    }

    /// Where the text goes: it decides how values are made safe.
    enum Place { case line, path }

    /// The template as it was given.
    package let text: String
    /// Names of the fields it shows, as written, in order (`a.b` for nested ones); for checks.
    package let fieldNames: [String]
    /// Names of the values of `meta` it shows, in order.
    package let metaNames: [String]
    private let parts: UnsafeMutableBufferPointer<Part>
    private let partCount: Int
    private let pool: UnsafeMutableBufferPointer<UInt8>
    private let formats: [TimeFormat]
    private let inputs: [String]

    /// Parses a template. `inputs` are the names that `{@input}` shows, by the number events keep.
    package convenience init(_ text: String, inputs: [String] = []) throws(TemplateError) {
        self.init(try TemplateParser.parse(text, place: .line), inputs: inputs)
    }

    init(_ parsed: ParsedTemplate, inputs: [String]) {
        text = parsed.text
        self.inputs = inputs
        formats = parsed.formats
        var fields: [String] = []
        var metas: [String] = []
        for part in parsed.parts {
            switch part.kind {
            case .field: if !fields.contains(part.path.text) { fields.append(part.path.text) }
            case .literal, .clock: break
            default: if !metas.contains(part.path.text) { metas.append(part.path.text) }
            }
        }
        fieldNames = fields
        metaNames = metas
        parts = .allocate(capacity: max(1, parsed.parts.count))
        pool = .allocate(capacity: max(1, parsed.pool.count))
        _ = pool.update(from: parsed.pool)
        for (index, part) in parsed.parts.enumerated() { parts.initializeElement(at: index, to: part) }
        partCount = parsed.parts.count
    }

    deinit {
        // SAFETY: allocated by `init`, parts are plain.
        parts.deallocate()
        pool.deallocate()
    }

    /// Whether the text is the same for every event.
    package var isLiteral: Bool { (0..<partCount).allSatisfy { parts[$0].kind == .literal } }

    /// The literal text before the first part that is none.
    var literalPrefix: String {
        var bytes: [UInt8] = []
        for index in 0..<partCount {
            guard parts[index].kind == .literal else { break }
            bytes += pool[parts[index].textOffset..<(parts[index].textOffset + parts[index].textCount)]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the text for one event.
    package func append(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        _ = append(event, of: batch, to: output, place: .line, zone: nil)
    }

    /// Appends the text; answers how many values had to be altered to be safe in their place.
    func append(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>,
        place: Place, zone: Zone?
    ) -> Int {
        var altered = 0
        // SAFETY: `partCount` parts were initialised; their texts lie in the pool.
        for index in 0..<partCount {
            let part = parts.baseAddress! + index
            switch part.pointee.kind {
            case .literal: appendText(part, to: output)
            case .clock: appendClock(event, part, zone, to: output)
            default: if appendValue(event, batch, part, to: output, place: place) { altered += 1 }
            }
        }
        return altered
    }

    private func appendText(_ part: UnsafePointer<Part>, to output: UnsafeMutablePointer<sl_buffer>) {
        guard part.pointee.textCount > 0 else { return }
        // SAFETY: offsets and lengths were made together with the pool.
        sl_buffer_append(output, pool.baseAddress! + part.pointee.textOffset, part.pointee.textCount)
    }

    private func appendClock(
        _ event: UnsafePointer<sl_event>, _ part: UnsafePointer<Part>, _ zone: Zone?, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        let ns = event.pointee.time_ns == Int64.min ? event.pointee.received_ns : event.pointee.time_ns
        let seconds = CivilTime.floorDivide(ns, by: 1_000_000_000).quotient
        print(ns, offsetSeconds: zone.map { Int($0.offsetSeconds(atUnix: seconds)) } ?? 0, part, to: output)
    }

    private func print(
        _ ns: Int64, offsetSeconds: Int, _ part: UnsafePointer<Part>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        let format = formats[part.pointee.format]
        // SAFETY: a format says how many bytes it writes at most.
        let to = sl_buffer_reserve(output, format.bytesMax)!
        output.pointee.length += format.print(ns: ns, offsetSeconds: offsetSeconds, to: to)
    }

    /// Appends a field's or meta value, its default, or what stands for a missing one; answers whether it was altered.
    private func appendValue(
        _ event: UnsafePointer<sl_event>, _ batch: UnsafePointer<sl_batch>, _ part: UnsafePointer<Part>,
        to output: UnsafeMutablePointer<sl_buffer>, place: Place
    ) -> Bool {
        let tail = OutputTail(output)
        var isMissing = false
        switch part.pointee.kind {
        case .field, .metaSet:
            let path = part.pointee.path
            let value = part.pointee.kind == .field ? path.value(in: event, of: batch) : path.meta(in: event, of: batch)
            isMissing = value.isNothing
            if !isMissing { append(value, event, batch, part, to: output) }
        case .metaReceived:
            if part.pointee.format >= 0 {
                print(event.pointee.received_ns, offsetSeconds: 0, part, to: output)
            } else {
                // SAFETY: the room that RFC 3339 text needs is reserved.
                let to = sl_buffer_reserve(output, TimestampText.bytesMax)!
                output.pointee.length += TimestampText.print(ns: event.pointee.received_ns, detail: 6, to: to)
            }
        default:
            appendMeta(event, batch, part.pointee.kind, to: output)
            isMissing = tail.count == 0
        }
        if isMissing {
            if part.pointee.textCount >= 0 {
                appendText(part, to: output)
            } else if place == .path {
                sl_buffer_append_byte(output, UInt8(ascii: "-"))
            }
            return false
        }
        return place == .path ? PathTemplate.makeSafe(tail) : tail.escapeLineEnds()
    }

    private func append(
        _ value: FieldValue, _ event: UnsafePointer<sl_event>, _ batch: UnsafePointer<sl_batch>, _ part: UnsafePointer<Part>,
        to output: UnsafeMutablePointer<sl_buffer>
    ) {
        if part.pointee.format >= 0, let time = value.time(in: event, of: batch) {
            let offset = Int(Int16(truncatingIfNeeded: time.detail >> 8))
            print(time.ns, offsetSeconds: offset * 60, part, to: output)
        } else {
            value.append(of: batch, to: output)
        }
    }

    private func appendMeta(
        _ event: UnsafePointer<sl_event>, _ batch: UnsafePointer<sl_batch>, _ kind: Kind,
        to output: UnsafeMutablePointer<sl_buffer>
    ) {
        // SAFETY: raw bytes and the peer's text lie in the batch's arena.
        switch kind {
        case .metaRaw:
            guard let base = batch.pointee.bytes, event.pointee.raw.length > 0 else { return }
            sl_buffer_append(output, base + Int(event.pointee.raw.offset), Int(event.pointee.raw.length))
        case .metaPeer:
            guard event.pointee.peer != UInt32.max, let base = batch.pointee.bytes else { return }
            let count = UnsafeRawPointer(base + Int(event.pointee.peer)).loadUnaligned(as: UInt32.self)
            sl_buffer_append(output, base + Int(event.pointee.peer) + 4, Int(count))
        case .metaInput:
            let source = Int(event.pointee.source)
            if source < inputs.count { append(inputs[source], to: output) }
        case .metaFormat:
            let format = Int(event.pointee.format)
            if format < Self.formatNames.count { append(Self.formatNames[format], to: output) }
        case .metaFlags:
            let mark = OutputTail(output)
            var flags = event.pointee.flags & (1 << UInt64(EventFlags.names.count) - 1)
            while flags != 0 {
                if mark.count > 0 { sl_buffer_append_byte(output, UInt8(ascii: ",")) }
                SlotText.append(EventFlags.names[flags.trailingZeroBitCount], to: output)
                flags &= flags - 1
            }
        default: break
        }
    }

    private static let formatNames = FormatName.allCases.map(\.text)

    private func append(_ text: String, to output: UnsafeMutablePointer<sl_buffer>) {
        var text = text
        // SAFETY: the bytes are copied within the call.
        text.withUTF8 { if let start = $0.baseAddress { sl_buffer_append(output, start, $0.count) } }
    }
}
