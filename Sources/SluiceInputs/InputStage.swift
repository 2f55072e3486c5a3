import CSluice
package import SluiceComponent
package import SluiceEvent
package import SluiceFraming

/// What one turn of an ``InputStage`` gave.
package struct Filled {
    /// Frames in the batch's arena; valid until the next turn.
    package let frames: UnsafeBufferPointer<Frame>
    /// Before these frames another stream ended: finish the decoder and start it anew.
    package let startsStream: Bool
    /// No more input is ready now: flush what was made of it.
    package let isIdle: Bool
    /// Nothing follows these frames.
    package let isEnd: Bool
    /// The stop descriptor became readable: what was read whole is here, the rest of the input is not read.
    package let isStopped: Bool
}

/// The way from a file to frames: reader, charset of the stream, framer, charset of the frames.
///
/// One stage reads one input. Each turn appends input to a batch's arena and cuts it; the bytes that no frame took are carried to the
/// next turn's batch. A turn waits only when the turn before has said that it is idle, so that the caller can flush its outputs first.
package struct InputStage: ~Copyable {
    /// Why the stream at hand ends.
    private enum Ending {
        case none, restart, end
    }

    private var reader: FileReader
    private var cutter: FrameCutter
    private var carried = CarriedBytes()
    private var ending = Ending.none
    /// What made the stream end; thrown when the frames before it were given out.
    private var fault: InputError?
    /// More frames may be cut from the carried bytes without reading.
    private var hasMoreFrames = false
    private var wasIdle = false
    /// The next frames given out begin a stream, or those after them.
    private var startsStream = false
    private var startsNextStream = false
    private var earlierFraming = FramingCounts()
    private var earlierInvalid = 0

    /// Nanoseconds without input after which an open frame (lines of a trace) is given out.
    package var openFrameIdleNs: Int64 = 1_000_000_000
    /// A descriptor whose readability ends a wait; -1 for none.
    package var stopDescriptor: Int32 = -1

    /// A stage; `framer` is fresh, and a copy of it serves each stream.
    package init(_ reader: consuming FileReader, framer: any Framer, charset: Charset = .utf8) {
        self.reader = reader
        cutter = FrameCutter(framer: framer, charset: charset, room: FrameRoom(charset))
    }

    /// Fills a batch, cleared before by the caller. When it throws, the frames before the fault were given out by earlier turns.
    package mutating func fill(_ batch: borrowing EventBatch) throws(InputError) -> Filled {
        var position = batch.byteCount
        _ = batch.append(carried.bytes)
        if stopDescriptor >= 0, !hasMoreFrames, SystemCall.isReadable(stopDescriptor) { return stop(batch, &position) }
        var count = hasMoreFrames ? cut(batch, &position) : 0
        while count == 0, ending != .end {
            switch readStream(into: batch) {
            case .bytes, .ended, .restarted: count = cut(batch, &position)
            case .idle:
                if wasIdle {
                    let timeoutNs = cutter.framer.hasOpenFrame ? openFrameIdleNs : nil
                    switch reader.wait(timeoutNs: timeoutNs, stopDescriptor: stopDescriptor) {
                    // A signal alone, such as the one after a pause of the process, changes nothing.
                    case .input, .interrupted: continue
                    case .stopped: return stop(batch, &position)
                    case .timeout: count = cutter.flush(batch, &position)
                    }
                }
                if count > 0 { continue }
                wasIdle = true
                carry(batch, from: position)
                return filled(0, isIdle: true)
            }
        }
        carry(batch, from: position)
        let isOver = ending == .end && !hasMoreFrames
        if isOver, count == 0, let fault { throw fault }
        cutter.convert(count, in: batch)
        wasIdle = ending == .none && !hasMoreFrames && !reader.isReady
        return filled(count, isIdle: wasIdle, isEnd: isOver && fault == nil)
    }

    /// Name of the input, for messages.
    package var name: String { reader.name }
    /// Bytes of the underlying file read so far, compressed ones as they are.
    package var bytesRead: Int { reader.bytesRead }
    /// Size of the underlying file; nil for pipes and followed files.
    package var bytesTotal: Int? { reader.bytesTotal }
    /// What framing has to answer for, over all streams.
    package var framingCounts: FramingCounts { earlierFraming.adding(cutter.framer.counts) }
    /// What conversion has to answer for, over all streams.
    package var charsetCounts: CharsetCounts {
        var counts = cutter.room.charsetCounts
        counts.invalid += earlierInvalid + (cutter.wide?.invalid ?? 0)
        return counts
    }
}

extension InputStage {
    private mutating func filled(
        _ count: Int, isIdle: Bool = false, isEnd: Bool = false, isStopped: Bool = false
    ) -> Filled {
        defer {
            startsStream = startsNextStream
            startsNextStream = false
        }
        return Filled(
            frames: UnsafeBufferPointer(rebasing: cutter.room.frames[..<count]), startsStream: startsStream, isIdle: isIdle,
            isEnd: isEnd, isStopped: isStopped)
    }

    /// Ends the input early: a record that waits for its end is given out, a line that has not ended is not.
    private mutating func stop(_ batch: borrowing EventBatch, _ position: inout Int) -> Filled {
        let count = cutter.flush(batch, &position)
        ending = .end
        cutter.convert(count, in: batch)
        return filled(count, isEnd: true, isStopped: true)
    }

    /// Reads once; a fault ends the stream like its end does, and is kept.
    private mutating func readStream(into batch: borrowing EventBatch) -> FileReader.Outcome {
        let before = batch.byteCount
        var outcome: FileReader.Outcome
        do throws(InputError) {
            outcome = try reader.read(into: batch)
        } catch {
            fault = error
            outcome = .ended
        }
        switch outcome {
        case .bytes: cutter.widen(batch, from: before)
        case .ended: ending = .end
        case .restarted: ending = .restart
        case .idle: return .idle
        }
        if ending != .none { cutter.widenEnd(batch) }
        return outcome
    }

    /// Cuts frames from `position` on; at a stream's end prepares for the next one.
    private mutating func cut(_ batch: borrowing EventBatch, _ position: inout Int) -> Int {
        let count = cutter.cut(batch, &position, limit: batch.byteCount, isFinal: ending != .none)
        hasMoreFrames = count == cutter.framesMax
        if let failure = cutter.framer.failure, fault == nil {
            fault = InputError(.oversizeFrame, "`\(reader.name)`: \(failure.message)")
            ending = .end
        }
        if ending == .restart, !hasMoreFrames { restart(hasFrames: count > 0) }
        return count
    }

    private mutating func restart(hasFrames: Bool) {
        earlierFraming = earlierFraming.adding(cutter.framer.counts)
        earlierInvalid += cutter.wide?.invalid ?? 0
        cutter.restart()
        ending = .none
        if hasFrames { startsNextStream = true } else { startsStream = true }
    }

    private mutating func carry(_ batch: borrowing EventBatch, from position: Int) {
        let rest = sl_span(offset: UInt32(position), length: UInt32(batch.byteCount - position))
        carried.replace(with: rest.length > 0 ? batch.bytes(rest) : UnsafeRawBufferPointer(start: nil, count: 0))
    }
}
