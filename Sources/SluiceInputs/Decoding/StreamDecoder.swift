import CSluice
package import SluiceComponent
package import SluiceEvent
import SluiceFraming

/// What the streams of one input share: fresh framers and decoders, and the room that one stream at a time works in.
///
/// Belongs to the input's thread.
package final class SharedDecoding {
    let setting: DecodingSetting
    fileprivate let room: FrameRoom
    fileprivate let framer: any Framer
    fileprivate let decoder: any Decoder
    /// Where a stream's header is read again; made when it is first needed.
    fileprivate lazy var scratch = BatchBox()

    /// What a setting describes; `decoder` takes the place of its format's.
    package init(_ setting: DecodingSetting, decoder: (any Decoder)? = nil) {
        self.setting = setting
        room = FrameRoom(setting.charset)
        framer = setting.framer()
        self.decoder = decoder ?? setting.decoder()
    }

    /// Whether the first record of each stream says how the others are read.
    package var readsHeader: Bool { decoder.readsHeader }
}

/// One stream of bytes on its way to events: a file, a pipe, a connection.
///
/// Bytes are appended to a batch's arena behind those that no frame took the last time; ``decode(_:from:isFinal:session:)`` makes
/// events of what is whole and answers where the rest begins:
///
///     arena  │ carried │ new bytes …                 │
///                      ▲ bytesCame(from:)
///            ▲ decode(from:)              ▲ answer: the rest, to be carried
///
/// The caller keeps the rest, in ``CarriedBytes`` or by reading it again.
package struct StreamDecoder {
    private let shared: SharedDecoding
    private var cutter: FrameCutter
    private var decoder: any Decoder
    private var reported = FramingCounts()

    /// A decoder at the start of a stream.
    package init(_ shared: SharedDecoding) {
        self.shared = shared
        cutter = FrameCutter(framer: shared.framer, charset: shared.setting.charset, room: shared.room)
        decoder = shared.decoder
        decoder.startStream()
    }

    /// Whether lines wait for what may still belong to their record: after a while without input, ``flush(_:from:session:)``.
    package var hasOpenFrame: Bool { cutter.framer.hasOpenFrame }

    /// Where in the arena of the last ``decode(_:from:isFinal:session:)`` the oldest part of a record begins that the decoder keeps
    /// back; -1 before it. Nil when nothing is kept back.
    package private(set) var openPlace: Int?

    /// Why the stream cannot go on.
    package var failure: FramingFailure? { cutter.framer.failure }

    /// Raw bytes were appended from `start` on.
    package mutating func bytesCame(_ batch: borrowing EventBatch, from start: Int) {
        if batch.byteCount > start { cutter.widen(batch, from: start) }
    }

    /// Makes events of what lies whole in the arena from `position` on; the answer is where the rest begins. `isFinal`: the stream
    /// ends here, what is half there is an event too.
    package mutating func decode(
        _ batch: borrowing EventBatch, from position: Int, isFinal: Bool, session: any InputSession
    ) -> Int {
        var position = position
        let received = session.now
        if isFinal { cutter.widenEnd(batch) }
        // Conversions append to the arena: the bytes to cut end where they end now.
        let limit = batch.byteCount
        if openPlace != nil { openPlace = -1 }
        while true {
            let count = cutter.cut(batch, &position, limit: limit, isFinal: isFinal)
            decode(count, batch, received, session)
            if count < cutter.framesMax { break }
        }
        if isFinal { finishParts(batch, session: session) }
        report(to: session)
        return position
    }

    /// Nothing has come for a while: lines that wait for further ones become an event.
    package mutating func flush(_ batch: borrowing EventBatch, from position: Int, session: any InputSession) -> Int {
        var position = position
        decode(cutter.flush(batch, &position), batch, session.now, session)
        report(to: session)
        return position
    }

    /// Nothing has come for a while: the line whose end has not come becomes an event, and what follows begins another.
    package mutating func flushPartial(_ batch: borrowing EventBatch, from position: Int, session: any InputSession) {
        var position = position
        decode(cutter.cut(batch, &position, limit: batch.byteCount, isFinal: true), batch, session.now, session)
        report(to: session)
        cutter.restartFramer()
        reported = FramingCounts()
    }

    /// Open parts of the decoder become events now.
    package mutating func finishParts(_ batch: borrowing EventBatch, session: any InputSession) {
        decoder.finish(received: session.now, into: batch)
        openPlace = nil
    }

    /// The stream goes on behind its start, which begins with `head`: the first record if ``SharedDecoding/readsHeader``, else a few
    /// bytes.
    package mutating func resume(head: UnsafeRawBufferPointer, session: any InputSession) {
        if decoder.readsHeader { readHeader(head, shared.scratch.events, session) }
        cutter.resume(head: head)
    }

    /// Bytes of the stream behind what was decoded, as they came: those in the arena from `position` on and what waits inside.
    package func sourceBytes(_ batch: borrowing EventBatch, from position: Int, to limit: Int) -> Int {
        cutter.sourceBytes(batch, from: position, to: limit)
    }

    // MARK: - Steps

    /// Decodes the first record for what it says of the others; its event, if there is one, is forgotten.
    private mutating func readHeader(_ head: UnsafeRawBufferPointer, _ batch: borrowing EventBatch, _ session: any InputSession) {
        batch.clear()
        _ = batch.append(head)
        var first = FrameCutter(framer: shared.framer, charset: shared.setting.charset, room: shared.room)
        first.widen(batch, from: 0)
        var position = 0
        guard first.cut(batch, &position, limit: batch.byteCount, isFinal: true) > 0 else { return }
        first.convert(1, in: batch)
        _ = decoder.decode(shared.room.frames[0], received: session.now, into: batch)
    }

    private mutating func decode(_ count: Int, _ batch: borrowing EventBatch, _ received: Int64, _ session: any InputSession) {
        guard count > 0 else { return }
        cutter.convert(count, in: batch)
        decoder.decode(
            UnsafeBufferPointer(rebasing: shared.room.frames[..<count]), received: received, into: batch, of: shared.setting,
            session: session)
        let open = decoder.openFrames
        if open == 0 {
            openPlace = nil
        } else if open <= count {
            openPlace = Int(shared.room.frames[count - open].raw.offset)
        }
    }

    private mutating func report(to session: any InputSession) {
        let counts = cutter.framer.counts
        if counts.oversize > reported.oversize { session.count(.oversizeFrames, counts.oversize - reported.oversize) }
        if counts.bytesLost > reported.bytesLost { session.count(.bytesLost, counts.bytesLost - reported.bytesLost) }
        if counts.errors > reported.errors { session.count(.framingErrors, counts.errors - reported.errors) }
        if counts.incomplete > reported.incomplete { session.count(.incompleteFrames, counts.incomplete - reported.incomplete) }
        reported = counts
    }
}
