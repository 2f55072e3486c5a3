import CSluice
package import SluiceComponent
package import SluiceEvent
import SluiceFraming

/// Datagrams on their way to events: each is one frame, whatever lines are in it.
///
/// Raw bytes are appended to a batch's arena and taken in one by one; ``decode(_:received:session:)`` makes events of what was taken in:
///
///     take(batch, from:length:bytesCut:)     as often as ``hasRoom`` says
///     decode(batch, received:session:)       at a change of the sender, and before the batch leaves
///
/// NULs, CRs and LFs at a datagram's end go; a datagram of nothing else is none. Only with a framer does a datagram hold several
/// frames; it then is a stream of its own, that ends with it. No heap allocation per datagram without one.
package final class DatagramDecoder {
    /// Frames of one call at most.
    private static let framesMax = 256

    private let setting: DecodingSetting
    private let isWide: Bool
    /// Whether a datagram may begin with the byte-order mark of UTF-8.
    private let mayHaveMark: Bool
    /// Cuts each datagram, as a copy of its own.
    private let freshFramer: (any Framer)?
    private var decoder: any Decoder
    private var converter: CharsetConverter?
    private let frames = UnsafeMutableBufferPointer<Frame>.allocate(capacity: DatagramDecoder.framesMax)
    private var count = 0
    private var tally = DatagramTally()

    /// A decoder; `framer` cuts datagrams into frames.
    package init(_ setting: DecodingSetting, framer: (any Framer)? = nil) {
        self.setting = setting
        isWide = setting.isWide
        mayHaveMark = setting.charset.kind == .utf8 || setting.charset.kind == .auto
        freshFramer = framer
        decoder = setting.decoder()
        decoder.startStream()
        converter = CharsetConverter(setting.charset)
    }

    deinit { frames.deallocate() }

    /// Bytes of a datagram that are of use: those of the longest frame, and a trailer behind it.
    package static func bytesMax(_ setting: DecodingSetting) -> Int { setting.frameBytesMax + 8 }

    /// Whether a further datagram can be taken in before ``decode(_:received:session:)``.
    package var hasRoom: Bool { count < frames.count }

    /// Takes in a datagram whose bytes lie at the arena's end from `start` on; `bytesCut` more were cut off on the way.
    package func take(_ batch: borrowing EventBatch, from start: Int, length: Int, bytesCut: Int) {
        // An arena that never held a byte has no address.
        guard length > 0 else { return }
        // In UTF-16 a NUL may be half of a character: there, trailers go after conversion. What was cut has lost its trailer.
        let hasTrailer = !isWide && bytesCut == 0
        // SAFETY: the bytes lie in the arena.
        let kept = hasTrailer ? Self.untrailed(UnsafePointer(batch.raw.pointee.bytes) + start, length) : length
        guard kept > 0 else { return }
        var frame = Frame(offset: start, length: kept)
        if kept < length { frame.flags.insert(.trailerRemoved) }
        if bytesCut > 0 || kept > setting.frameBytesMax {
            guard setting.framingOptions.oversize == .truncate else {
                tally.dropped += 1
                tally.bytesLost += kept + bytesCut
                return
            }
            let most = min(kept, setting.frameBytesMax & ~(isWide ? 3 : 0))
            frame = Frame(offset: start, length: most, flags: .truncated)
            tally.truncated += 1
            tally.bytesLost += kept + bytesCut - most
        }
        if isWide {
            widen(&frame, in: batch)
        } else {
            passMark(&frame, in: batch)
        }
        guard frame.text.length > 0 else { return }
        frames.initializeElement(at: count, to: frame)
        count += 1
    }

    /// Makes events of what was taken in, behind those of the batch.
    package func decode(_ batch: borrowing EventBatch, received: Int64, session: any InputSession) {
        guard count > 0 else { return }
        if let freshFramer {
            for index in 0..<count { cut(frames[index], freshFramer, batch, received, session) }
        } else {
            decode(UnsafeMutableBufferPointer(rebasing: frames[..<count]), batch, received, session)
        }
        count = 0
    }

    /// What was counted since the last call.
    package func takeTally() -> DatagramTally {
        defer { tally = DatagramTally() }
        return tally
    }

    // MARK: - Steps

    private func decode(
        _ frames: UnsafeMutableBufferPointer<Frame>, _ batch: borrowing EventBatch, _ received: Int64, _ session: any InputSession
    ) {
        converter?.convert(frames, in: batch)
        decoder.decode(UnsafeBufferPointer(frames), received: received, into: batch, of: setting, session: session)
        // What the next sender sends belongs to nothing that waits here.
        if decoder.openFrames > 0 { decoder.finish(received: received, into: batch) }
    }

    /// Cuts one datagram into frames and decodes them.
    private func cut(
        _ datagram: Frame, _ freshFramer: any Framer, _ batch: borrowing EventBatch, _ received: Int64, _ session: any InputSession
    ) {
        var framer = freshFramer
        var position = Int(datagram.text.offset)
        let limit = Int(datagram.text.end)
        withUnsafeTemporaryAllocation(of: Frame.self, capacity: Self.framesMax) { room in
            while true {
                // SAFETY: SL_PADDING readable bytes follow the used part of an arena, which may move with each turn.
                var window = FrameWindow(
                    base: UnsafePointer(batch.raw.pointee.bytes), position: position, limit: limit, isFinal: true)
                let count = framer.frames(in: &window, into: room)
                position = window.position
                for index in 0..<count { room[index].flags.formUnion(datagram.flags.subtracting([.truncated, .trailerRemoved])) }
                // What happened at the datagram's end happened to the last of its frames.
                if count > 0, position == limit { room[count - 1].flags.formUnion(datagram.flags) }
                decode(UnsafeMutableBufferPointer(rebasing: room[..<count]), batch, received, session)
                if count < room.count { break }
            }
        }
        tally.add(framer.counts)
    }

    /// Length without the NULs, CRs and LFs at the end.
    private static func untrailed(_ bytes: UnsafePointer<UInt8>, _ length: Int) -> Int {
        var length = length
        while length > 0, bytes[length - 1] == 0x0A || bytes[length - 1] == 0x0D || bytes[length - 1] == 0 { length -= 1 }
        return length
    }

    /// Takes a byte-order mark off UTF-8.
    private func passMark(_ frame: inout Frame, in batch: borrowing EventBatch) {
        guard mayHaveMark else { return }
        let text = batch.bytes(frame.text)
        guard text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF else { return }
        frame.text.offset += 3
        frame.text.length -= 3
        frame.flags.insert(.bomRemoved)
    }

    /// Converts UTF-16 and UTF-32 behind the arena's used part.
    private func widen(_ frame: inout Frame, in batch: borrowing EventBatch) {
        guard var wide = WideTextConverter(setting.charset) else { return }
        batch.reserve(WideTextConverter.roomFor(Int(frame.raw.length)) + WideTextConverter.roomFor(0))
        let raw = batch.raw
        let begin = raw.pointee.length
        // SAFETY: the room was reserved above, behind the bytes that are read.
        let target = raw.pointee.bytes + Int(begin)
        var written = wide.convert(batch.bytes(frame.raw), to: target)
        // A character that the limit has cut in two says no more than `truncated` does.
        if !frame.flags.contains(.truncated) { written += wide.finish(to: target + written) }
        raw.pointee.length += UInt32(written)
        let kept = Self.untrailed(UnsafePointer(target), written)
        if kept < written { frame.flags.insert(.trailerRemoved) }
        frame.text = sl_span(offset: begin, length: UInt32(kept))
        frame.flags.formUnion(setting.charset.flag)
        if wide.invalid > 0 { frame.flags.insert(.charsetInvalid) }
    }
}

/// What datagrams cost, until it is reported.
package struct DatagramTally: Equatable {
    /// Cut at `max_frame_size`.
    package var truncated = 0
    /// Longer than `max_frame_size`, and not wanted then.
    package var dropped = 0
    package var bytesLost = 0
    package var framingErrors = 0

    /// Adds it to the counters of an input.
    package func report(to session: any InputSession) {
        if truncated > 0 { session.count(.datagramsTruncated, truncated) }
        if dropped > 0 { session.count(.oversizeFrames, dropped) }
        if bytesLost > 0 { session.count(.bytesLost, bytesLost) }
        if framingErrors > 0 { session.count(.framingErrors, framingErrors) }
    }

    fileprivate mutating func add(_ counts: FramingCounts) {
        dropped += counts.oversize
        bytesLost += counts.bytesLost
        framingErrors += counts.errors
    }
}
