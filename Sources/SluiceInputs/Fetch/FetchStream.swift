import CSluice
import SluiceComponent
import SluiceEvent

/// What comes of one file of one host, on its way to events: cut, decoded, sent on with the position behind it.
///
///     bytes of the file   │ in events │ kept back by the decoder │ carried │ not here yet
///                                     ▲ saved                    ▲ mark    ▲ readOffset: what is asked for when the connection ends
///
/// Belongs to its worker's thread.
final class FetchStream {
    /// What a crash may repeat: the bound of unconfirmed bytes of an input.
    private static let replayBytesMax = 16 << 20

    private let file: FetchFile
    private let session: any InputSession
    private let setting: FetchSetting
    private let shared: SharedDecoding
    private var decoder: StreamDecoder
    private var carried = CarriedBytes()
    private var inode: UInt64?
    /// Bytes of the file that came.
    private var readOffset = 0
    /// Behind the last bytes that are in an event or in the decoder.
    private var mark = FollowedFile.Mark()
    /// The place to go on at after a restart.
    private var saved = FollowedFile.Mark()
    /// The bytes before the place that a saved position is about; of no use once others came.
    private var savedTail: Fingerprint?
    /// The file was truncated: zeros at its start are a hole that its writer has left.
    private var isInHole = false
    /// Events before this place may have been sent before a crash.
    private var replayEnd = 0
    /// When what waits becomes an event although nothing follows; monotonic.
    private(set) var flushNs: Int64?
    /// The framer's trouble was told.
    private(set) var complaint: String?

    /// The stream of a file, taken up at its saved position.
    init(_ file: FetchFile, _ setting: FetchSetting, _ session: any InputSession) {
        self.file = file
        self.session = session
        self.setting = setting
        shared = SharedDecoding(setting.decoding)
        decoder = StreamDecoder(shared)
        guard let position = session.positions[file.key]?.value.flatMap({ FetchPosition(text: $0) }) else { return }
        inode = position.place.inode
        readOffset = position.place.offset
        mark.offset = readOffset
        saved = mark
        savedTail = position.tail
        if session.isRecovering { replayEnd = readOffset + Self.replayBytesMax }
        if readOffset > 0 { resume() }
    }

    /// What to ask for; nil at the very first time.
    var place: FetchPlace? { inode.map { FetchPlace(inode: $0, offset: readOffset) } }

    /// The bytes before ``place``, as far as they are known.
    var tail: Fingerprint {
        if let savedTail { return savedTail }
        // What was converted on its way cannot be compared with what comes.
        guard !setting.decoding.isWide else { return .none }
        return Fingerprint(Array((mark.tail + carried.bytes.suffix(Fingerprint.tailBytesMax)).suffix(Fingerprint.tailBytesMax)))
    }

    /// Another file begins, or the same one anew: what waits of the old one becomes events. False when the input has to end.
    func begin(_ place: FetchPlace, isTruncated: Bool) -> Bool {
        guard let box = session.takeBatch() else { return false }
        guard inode != nil else {
            // Saved although nothing was read: it may be rotated before anything is.
            inode = place.inode
            send(box, bytes: 0)
            return true
        }
        _ = box.events.append(carried.bytes)
        _ = decoder.decode(box.events, from: 0, isFinal: true, session: session)
        decoder = StreamDecoder(shared)
        carried.replace(with: UnsafeRawBufferPointer(start: nil, count: 0))
        inode = place.inode
        readOffset = place.offset
        mark = FollowedFile.Mark()
        saved = mark
        savedTail = nil
        flushNs = nil
        complaint = nil
        replayEnd = min(replayEnd, Self.replayBytesMax)
        isInHole = isTruncated && !setting.decoding.isWide
        send(box, bytes: 0)
        return true
    }

    /// Bytes of the file came. False when the input has to end: then they are asked for again.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let box = session.takeBatch() else { return false }
        savedTail = nil
        let start = carried.count
        _ = box.events.append(carried.bytes)
        let text = passHole(bytes)
        _ = box.events.append(text)
        readOffset += text.count
        decoder.bytesCame(box.events, from: start)
        let limit = box.events.byteCount
        let rest = decoder.decode(box.events, from: 0, isFinal: false, session: session)
        settle(box.events, rest: rest, limit: limit)
        send(box, bytes: bytes.count)
        if let failure = decoder.failure { complaint = failure.message }
        return true
    }

    /// Nothing has come for a while: what waits for further lines becomes an event. False when the input has to end.
    func flush() -> Bool {
        flushNs = nil
        guard let box = session.takeBatch() else { return false }
        _ = box.events.append(carried.bytes)
        let limit = box.events.byteCount
        let rest = decoder.flush(box.events, from: 0, session: session)
        settle(box.events, rest: rest, limit: limit)
        send(box, bytes: 0)
        return true
    }

    /// The host had nothing more: what comes from now on was not there before a crash.
    func caughtUp() { replayEnd = 0 }

    // MARK: - Steps

    /// The decoder learns that a file goes on behind its start; what the start says (the names of CSV columns) is not fetched again.
    private func resume() {
        decoder.resume(head: UnsafeRawBufferPointer(start: nil, count: 0), session: session)
    }

    /// A writer that keeps its old offset after a truncation leaves a hole at the start; there is nothing to read in it.
    private func passHole(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard isInHole else { return bytes }
        let zeros = bytes.firstIndex { $0 != 0 } ?? bytes.count
        isInHole = zeros == bytes.count
        readOffset += zeros
        mark.offset += zeros
        saved = mark
        return UnsafeRawBufferPointer(rebasing: bytes[zeros...])
    }

    /// Keeps what no frame took, and moves the marks behind what was decoded. The batch begins at the mark.
    private func settle(_ batch: borrowing EventBatch, rest: Int, limit: Int) {
        let waiting = decoder.sourceBytes(batch, from: rest, to: limit)
        let passed = readOffset - waiting - mark.offset
        let isWide = setting.decoding.isWide
        countReplayed(batch, limit: limit)
        let before = mark
        mark.pass(batch.bytes(sl_span(offset: 0, length: UInt32(isWide ? 0 : rest))), sourceBytes: passed)
        switch decoder.openPlace {
        case nil: saved = mark
        case let place? where place >= 0 && !isWide:
            saved = before
            saved.pass(batch.bytes(sl_span(offset: 0, length: UInt32(place))), sourceBytes: place)
        case _?: break
        }
        let span = sl_span(offset: UInt32(rest), length: UInt32(limit - rest))
        carried.replace(with: span.length > 0 ? batch.bytes(span) : UnsafeRawBufferPointer(start: nil, count: 0))
        flushNs = decoder.hasOpenFrame ? MonotonicClock.now + PipeStream.openFrameIdleNs : nil
    }

    /// Counts the events of a batch that may have been sent before a crash.
    private func countReplayed(_ batch: borrowing EventBatch, limit: Int) {
        guard replayEnd > mark.offset else { return }
        var count = 0
        for index in 0..<batch.count {
            let offset = Int(batch.raw.pointee.events[index].raw.offset)
            if offset >= limit || mark.offset + offset < replayEnd { count += 1 }
        }
        if count > 0 { session.count(.replayed, count) }
    }

    private func send(_ box: BatchBox, bytes: Int) {
        box.events.setPeer(file.host.peer)
        if setting.includesPath { box.events.addPath(file.name) }
        var positions: [Position] = []
        if let inode {
            let position = FetchPosition(place: FetchPlace(inode: inode, offset: saved.offset), tail: Fingerprint(saved.tail))
            positions = [Position(key: file.key, value: position.text(name: file.key))]
        }
        session.send(box, stream: file.stream, bytes: bytes, positions: positions)
    }
}

extension EventBatch {
    /// Gives every event its peer.
    borrowing func setPeer(_ peer: String) {
        guard count > 0 else { return }
        var peer = peer
        let place = peer.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { sl_batch_append_name(raw, $0.baseAddress, $0.count) }
        }
        for index in 0..<count { raw.pointee.events[index].peer = place }
    }
}
