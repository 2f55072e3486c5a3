import CSluice
import SluiceComponent
import SluiceEvent
package import SluiceFraming

/// What all streams of one input share, because only one of them is worked on at a time.
package final class FrameRoom {
    /// Frames of one cut.
    private static let framesMax = 16_384

    let frames = UnsafeMutableBufferPointer<Frame>.allocate(capacity: FrameRoom.framesMax)
    var converter: CharsetConverter?

    /// Room for frames in a charset.
    package init(_ charset: Charset) { converter = CharsetConverter(charset) }

    deinit { frames.deallocate() }

    /// What conversion frame by frame has to answer for.
    var charsetCounts: CharsetCounts {
        switch converter {
        case .some(let converter): converter.counts
        case .none: CharsetCounts()
        }
    }
}

/// The way of one stream's bytes to frames: charset of the stream, byte-order mark, framer, charset of the frames.
///
/// Works on an arena to whose end raw bytes are appended; the caller keeps the bytes that no frame took and puts them before the
/// next ones.
struct FrameCutter {
    let charset: Charset
    let room: FrameRoom
    private let fresh: any Framer
    private(set) var framer: any Framer
    private(set) var wide: WideTextConverter?
    private var isAtStart = true

    /// A cutter at the start of a stream; a copy of `framer` serves it.
    init(framer: any Framer, charset: Charset, room: FrameRoom) {
        self.charset = charset
        self.room = room
        fresh = framer
        self.framer = framer
        wide = WideTextConverter(charset)
    }

    /// Frames that one cut gives at most; one that gives fewer needs more bytes.
    var framesMax: Int { room.frames.count }

    /// Another stream begins.
    mutating func restart() {
        framer = fresh
        wide = WideTextConverter(charset)
        isAtStart = true
    }

    /// A line was cut short on purpose: what follows begins a frame of the same stream.
    mutating func restartFramer() { framer = fresh }

    /// The stream goes on behind its start, which begins with `head` (four bytes or more, unless the stream is shorter).
    mutating func resume(head: UnsafeRawBufferPointer) {
        isAtStart = false
        guard wide != nil, case .wide(let unitBytes, _) = charset.kind, head.count >= unitBytes else { return }
        // The first unit says which order the bytes have.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: WideTextConverter.roomFor(unitBytes)) { text in
            _ = wide!.convert(UnsafeRawBufferPointer(rebasing: head[..<unitBytes]), to: text.baseAddress!)
        }
    }

    /// Cuts frames from `position` on and answers how many lie in the room. `limit`: where the stream's bytes end in the arena.
    mutating func cut(_ batch: borrowing EventBatch, _ position: inout Int, limit: Int, isFinal: Bool) -> Int {
        guard batch.raw.pointee.bytes != nil else { return 0 }
        // SAFETY: SL_PADDING readable bytes follow the used part of an arena.
        var window = FrameWindow(
            base: UnsafePointer(batch.raw.pointee.bytes), position: position, limit: limit, isFinal: isFinal)
        var hasMark = false
        if isAtStart, !passMark(&window, &hasMark) { return 0 }
        let count = framer.frames(in: &window, into: room.frames)
        if hasMark, count > 0 { room.frames[0].flags.insert(.bomRemoved) }
        position = window.position
        return count
    }

    /// Gives out a frame that waits for what may still belong to it: 0 or 1.
    mutating func flush(_ batch: borrowing EventBatch, _ position: inout Int) -> Int {
        guard batch.raw.pointee.bytes != nil else { return 0 }
        var window = FrameWindow(
            base: UnsafePointer(batch.raw.pointee.bytes), position: position, limit: batch.byteCount, isFinal: false)
        let frame = framer.flush(&window)
        position = window.position
        guard let frame else { return 0 }
        room.frames.initializeElement(at: 0, to: frame)
        return 1
    }

    /// Takes the byte-order mark off a stream of UTF-8. False when more bytes are needed.
    private mutating func passMark(_ window: inout FrameWindow, _ hasMark: inout Bool) -> Bool {
        let mark: [UInt8] = charset.kind == .utf8 || charset.kind == .auto ? [0xEF, 0xBB, 0xBF] : []
        let count = min(mark.count, window.limit - window.position)
        for index in 0..<count where window.base[window.position + index] != mark[index] {
            isAtStart = false
            return true
        }
        if count < mark.count, !window.isFinal { return false }
        isAtStart = false
        if count == mark.count, count > 0 {
            window.position += count
            hasMark = true
        }
        return true
    }

    // MARK: - Charsets

    /// Converts UTF-16 and UTF-32 that was just appended from `start` on, in its place.
    mutating func widen(_ batch: borrowing EventBatch, from start: Int) {
        guard wide != nil else { return }
        let raw = batch.raw
        let count = batch.byteCount - start
        withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { copy in
            copy.copyMemory(from: UnsafeRawBufferPointer(start: raw.pointee.bytes + start, count: count))
            raw.pointee.length = UInt32(start)
            batch.reserve(WideTextConverter.roomFor(count))
            // SAFETY: the room was reserved in the line above.
            let written = wide!.convert(UnsafeRawBufferPointer(copy), to: raw.pointee.bytes + start)
            raw.pointee.length += UInt32(written)
        }
    }

    /// The stream ended: half a character becomes U+FFFD.
    mutating func widenEnd(_ batch: borrowing EventBatch) {
        guard wide != nil else { return }
        batch.reserve(WideTextConverter.roomFor(0))
        // SAFETY: the room was reserved in the line above.
        let written = wide!.finish(to: batch.raw.pointee.bytes + batch.byteCount)
        batch.raw.pointee.length += UInt32(written)
    }

    /// Makes the frames' text UTF-8 and flags what was converted.
    func convert(_ count: Int, in batch: borrowing EventBatch) {
        let frames = UnsafeMutableBufferPointer(rebasing: room.frames[..<count])
        room.converter?.convert(frames, in: batch)
        guard let wide else { return }
        for index in 0..<count {
            frames[index].flags.formUnion(charset.flag)
            let text = frames[index].text
            // A place that was replaced cannot be told from a U+FFFD that came, so both are flagged, and only after the first.
            if wide.invalid > 0, batch.bytes(text).containsReplacement { frames[index].flags.insert(.charsetInvalid) }
        }
    }

    /// Bytes of the stream, as they came, behind what lies in the arena between the two places.
    func sourceBytes(_ batch: borrowing EventBatch, from position: Int, to limit: Int) -> Int {
        let text = sl_span(offset: UInt32(position), length: UInt32(limit - position))
        guard let wide else { return Int(text.length) }
        return wide.sourceBytes(of: batch.bytes(text))
    }
}

extension UnsafeRawBufferPointer {
    /// Whether U+FFFD stands in the text.
    fileprivate var containsReplacement: Bool {
        guard let start = baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
        let mark: [UInt8] = [0xEF, 0xBF, 0xBD]
        return mark.withUnsafeBufferPointer { sl_find_text(start, count, $0.baseAddress, $0.count) } < count
    }
}
