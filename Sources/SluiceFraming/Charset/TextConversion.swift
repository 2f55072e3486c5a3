import CSluice
import SluiceEvent

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One conversion of the C library to UTF-8.
struct TextConversion: ~Copyable {
    /// What became of a frame's bytes.
    struct Outcome {
        var text: sl_span
        /// Places that are not text of the charset, each replaced by U+FFFD.
        var invalid: Int
    }

    private let descriptor: iconv_t

    /// A conversion, or nil when the library does not know the charset.
    init?(from name: String) {
        guard let opened = iconv_open("UTF-8", name), Int(bitPattern: opened) != -1 else { return nil }
        descriptor = opened
    }

    deinit { iconv_close(descriptor) }

    /// Whether every ASCII code stands for itself.
    var keepsASCII: Bool {
        let source: [UInt8] = [0x09, 0x0A, 0x0D] + Array(0x20...0x7E)
        var target = [UInt8](repeating: 0, count: source.count * 6)
        var mutable = source
        let written = mutable.withUnsafeMutableBytes { from in
            target.withUnsafeMutableBytes { to in
                var input = from.baseAddress?.assumingMemoryBound(to: CChar.self)
                var inputLeft = from.count
                var output = to.baseAddress?.assumingMemoryBound(to: CChar.self)
                var outputLeft = to.count
                _ = iconv(descriptor, nil, nil, nil, nil)
                let result = iconv(descriptor, &input, &inputLeft, &output, &outputLeft)
                return result == -1 || inputLeft > 0 ? 0 : to.count - outputLeft
            }
        }
        // Shift_JIS and EUC-KR put a currency sign where ASCII has a backslash; that harms no framing.
        return written > 0 && target[1] == 0x0A && target[0..<3].elementsEqual(source[0..<3])
            && target[3] == 0x20
    }

    /// Converts bytes of the arena to its end. Nil when `isStrict` and a byte is invalid; the arena is then as it was.
    func convert(_ span: sl_span, in batch: borrowing EventBatch, isStrict: Bool) -> Outcome? {
        let raw = batch.raw
        let begin = raw.pointee.length
        var outcome = Outcome(text: sl_span(offset: begin, length: 0), invalid: 0)
        var position = Int(span.offset)
        let end = Int(span.end)
        _ = iconv(descriptor, nil, nil, nil, nil)
        while position < end {
            batch.reserve((end - position) * 3 + 16)
            // SAFETY: the source lies below the arena's length and the target in the room reserved behind it; the arena does
            // not move between here and the end of this turn.
            let source = UnsafeMutableRawPointer(raw.pointee.bytes + position).assumingMemoryBound(to: CChar.self)
            let target = UnsafeMutableRawPointer(raw.pointee.bytes + Int(raw.pointee.length))
                .assumingMemoryBound(to: CChar.self)
            var input: UnsafeMutablePointer<CChar>? = source
            var inputLeft = end - position
            var output: UnsafeMutablePointer<CChar>? = target
            let room = Int(raw.pointee.capacity - raw.pointee.length)
            var outputLeft = room
            let failed = iconv(descriptor, &input, &inputLeft, &output, &outputLeft) == -1
            let reason = errno
            position = end - inputLeft
            raw.pointee.length += UInt32(room - outputLeft)
            guard failed else { break }
            if reason == E2BIG { continue }
            if isStrict {
                raw.pointee.length = begin
                return nil
            }
            outcome.invalid += 1
            batch.reserve(4)
            let length = sl_put_utf8(raw.pointee.bytes + Int(raw.pointee.length), 0xFFFD)
            raw.pointee.length += UInt32(length)
            // A sequence that the frame's end cuts off is one place, whatever it lacks.
            position = reason == EINVAL ? end : position + 1
            _ = iconv(descriptor, nil, nil, nil, nil)
        }
        outcome.text.length = raw.pointee.length - begin
        return outcome
    }
}
