import CSluice
import Glibc
import SluiceComponent
import SluiceEvent

/// One turn of reading one file.
extension FileRun {
    /// Bytes that one turn reads of a plain file.
    private static let readBytes = 256 << 10

    /// What a read gave.
    private enum Gain {
        case bytes(Int, hasMore: Bool)
        case nothing
        /// A packed file was read to the end of its data.
        case end
        case fault(InputError)
    }

    /// Reads once and sends what came.
    func turn(_ file: FollowedFile) {
        if !file.hasBegun { return begin(file) }
        // A batch first: waiting for one may take minutes, and what is looked at afterwards must be read at once.
        guard let box = takeBatch() else { return }
        guard open(file) else { return giveBack(box) }
        if !file.isSame(comparesCarried: !setting.decoding.isWide) {
            giveBack(box)
            startAnew(file)
            return enqueue(file)
        }
        guard knowContent(file) else { return giveBack(box) }
        if file.skip != nil {
            let isPassed = passSkip(file, box.events)
            giveBack(box)
            return isPassed ? enqueue(file) : ()
        }
        read(file, box)
    }

    private func read(_ file: FollowedFile, _ box: BatchBox) {
        let carried = file.carried.count
        _ = box.events.append(file.carried.bytes)
        let gain = file.content == .packed ? readPacked(file, box.events) : readPlain(file, box.events)
        switch gain {
        case .nothing: giveBack(box)
        case .end:
            giveBack(box)
            finishPacked(file)
        case .fault(let error):
            giveBack(box)
            complain(file, error.message)
            if error.code == .corrupt || error.code == .notBuiltIn { file.content = .faulty }
        case .bytes(let count, let hasMore):
            file.readOffset += count
            file.decoder.bytesCame(box.events, from: carried)
            let limit = box.events.byteCount
            let rest = file.decoder.decode(box.events, from: 0, isFinal: false, session: session)
            settle(file, box.events, rest: rest, limit: limit)
            send(file, box, bytes: count)
            tracker.wasBusy(file.inode, now: MonotonicClock.now)
            if let failure = file.decoder.failure {
                complain(file, "`\(file.path)`: \(failure.message)")
            } else {
                file.hasComplained = false
            }
            if hasMore { enqueue(file) }
        }
    }

    private func readPlain(_ file: FollowedFile, _ batch: borrowing EventBatch) -> Gain {
        batch.reserve(Self.readBytes)
        let raw = batch.raw
        // SAFETY: the room was reserved above.
        let count = pread(file.descriptor, raw.pointee.bytes + Int(raw.pointee.length), Self.readBytes, file.readOffset)
        if count < 0 { return .fault(InputError.system("read", file.path, errno)) }
        if count == 0 { return .nothing }
        raw.pointee.length += UInt32(count)
        return .bytes(count, hasMore: count == Self.readBytes)
    }

    private func readPacked(_ file: FollowedFile, _ batch: borrowing EventBatch) -> Gain {
        switch file.packed?.read(file.descriptor, into: batch) {
        case .bytes(let count): return .bytes(count, hasMore: true)
        case .end(let isWhole): return isWhole ? .end : .nothing
        case .fault(let error): return .fault(error)
        case nil: return .nothing
        }
    }

    // MARK: - Places

    /// Keeps what no frame took, and moves the marks behind what was decoded. The batch was read from the mark on.
    private func settle(_ file: FollowedFile, _ batch: borrowing EventBatch, rest: Int, limit: Int) {
        let span = sl_span(offset: UInt32(rest), length: UInt32(limit - rest))
        let waiting = file.decoder.sourceBytes(batch, from: rest, to: limit)
        let passed = file.readOffset - waiting - file.mark.offset
        countReplayed(file, batch, limit: limit)
        let before = file.mark
        let taken = sl_span(offset: 0, length: UInt32(setting.decoding.isWide ? 0 : rest))
        file.mark.pass(batch.bytes(taken), sourceBytes: passed)
        switch file.decoder.openPlace {
        case nil: file.saved = file.mark
        case let place? where place >= 0 && !setting.decoding.isWide:
            file.saved = before
            file.saved.pass(batch.bytes(sl_span(offset: 0, length: UInt32(place))), sourceBytes: place)
        case _?: break
        }
        file.carried.replace(with: span.length > 0 ? batch.bytes(span) : UnsafeRawBufferPointer(start: nil, count: 0))
        expectMore(file)
    }

    /// Notes when what waits becomes an event although nothing follows.
    private func expectMore(_ file: FollowedFile) {
        let partial = file.carried.count > 0 ? setting.flushPartialAfterNs : nil
        let open = file.decoder.hasOpenFrame ? PipeStream.openFrameIdleNs : nil
        guard let soon = [partial, open].compactMap({ $0 }).min() else {
            file.flushNs = nil
            return
        }
        file.flushNs = MonotonicClock.now + soon
        waiting.insert(file.inode)
    }

    /// Nothing has come for a while: what waits becomes an event.
    func flush(_ file: FollowedFile) {
        file.flushNs = nil
        waiting.remove(file.inode)
        guard let box = takeBatch() else { return }
        _ = box.events.append(file.carried.bytes)
        let limit = box.events.byteCount
        var rest = limit
        if file.decoder.hasOpenFrame {
            rest = file.decoder.flush(box.events, from: 0, session: session)
        } else {
            file.decoder.flushPartial(box.events, from: 0, session: session)
        }
        settle(file, box.events, rest: rest, limit: limit)
        send(file, box, bytes: 0)
    }

    /// Counts the events of a batch that may have been sent before a crash.
    private func countReplayed(_ file: FollowedFile, _ batch: borrowing EventBatch, limit: Int) {
        guard file.replayEnd > file.mark.offset else { return }
        var count = 0
        for index in 0..<batch.count {
            let offset = Int(batch.raw.pointee.events[index].raw.offset)
            if offset >= limit || file.mark.offset + offset < file.replayEnd { count += 1 }
        }
        if count > 0 { session.count(.replayed, count) }
    }
}
