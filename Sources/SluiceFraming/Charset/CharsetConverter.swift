import CSluice
package import SluiceComponent
package import SluiceEvent

/// What conversion has to answer for.
package struct CharsetCounts: Sendable, Equatable {
    /// Frames whose text was converted.
    package var converted = 0
    /// Places that are not text of the charset, each replaced by U+FFFD.
    package var invalid = 0

    /// Nothing yet.
    package init() {}
}

/// Turns the text of frames into UTF-8; `raw` keeps the bytes that came.
///
/// Text in ASCII is never touched, whatever the charset; with `auto` neither is valid UTF-8. A configured charset is taken at
/// its word for everything else: two bytes of GBK may happen to be valid UTF-8. Converted text goes to the end of the arena.
package struct CharsetConverter: ~Copyable {
    private let isAuto: Bool
    /// The C library's conversion; nil for Latin-1, and for `auto` without GB18030 in the library.
    private let conversion: TextConversion?
    private let flag: EventFlags
    /// What was done so far.
    package private(set) var counts = CharsetCounts()

    /// A converter, or nil when nothing is to be converted frame by frame (UTF-8, and UTF-16 and UTF-32, which are converted before).
    package init?(_ charset: Charset) {
        switch charset.kind {
        case .utf8, .wide: return nil
        case .auto: conversion = TextConversion(from: "GB18030")
        case .latin1: conversion = nil
        case .named(let name):
            // The setting was checked by opening the same conversion.
            conversion = TextConversion(from: name)
        }
        isAuto = charset.kind == .auto
        flag = charset.flag
    }

    /// Converts the frames that need it.
    package mutating func convert(_ frames: UnsafeMutableBufferPointer<Frame>, in batch: borrowing EventBatch) {
        for index in 0..<frames.count {
            let text = frames[index].text
            let length = Int(text.length)
            // An arena that never held a byte has no address.
            if length == 0 { continue }
            // SAFETY: a frame's text lies in the arena.
            if sl_ascii_length(batch.raw.pointee.bytes + Int(text.offset), length) == length { continue }
            convert(&frames[index], in: batch)
        }
    }

    private mutating func convert(_ frame: inout Frame, in batch: borrowing EventBatch) {
        var flag = flag
        // SAFETY: a frame's text lies in the arena.
        if isAuto, sl_is_utf8(batch.raw.pointee.bytes + Int(frame.text.offset), Int(frame.text.length)) { return }
        let outcome = conversion?.convert(frame.text, in: batch, isStrict: isAuto)
        if isAuto { flag = outcome == nil ? .charsetLatin1 : .charsetGbk }
        counts.converted += 1
        if let outcome {
            frame.text = outcome.text
            if outcome.invalid > 0 { flag.insert(.charsetInvalid) }
            counts.invalid += outcome.invalid
        } else {
            frame.text = latin1(frame.text, in: batch)
        }
        frame.flags.formUnion(flag)
    }

    private func latin1(_ span: sl_span, in batch: borrowing EventBatch) -> sl_span {
        batch.reserve(Int(span.length) * 2)
        let raw = batch.raw
        let begin = raw.pointee.length
        // SAFETY: room for twice the length was reserved behind the arena's used part.
        let length = sl_utf8_from_latin1(
            raw.pointee.bytes + Int(begin), raw.pointee.bytes + Int(span.offset), Int(span.length))
        raw.pointee.length += UInt32(length)
        return sl_span(offset: begin, length: UInt32(length))
    }
}
