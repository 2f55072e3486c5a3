import CSluice
import NIOCore
import SluiceComponent
import SluiceEvent
import SluiceFraming

/// Bodies to batches: cuts records out, decodes them and sends them on in batches of moderate size.
struct BodySending {
    /// What became of a body.
    enum Outcome {
        case sent(events: Int)
        /// Nothing was sent.
        case refused(HTTPAnswer)
        /// The input has to end; a part may have been sent.
        case stopped
    }

    /// Events and bytes of a batch, about. Lines of no bytes become events too, so that chunks of lines have to be smaller.
    private static let eventsMax = 8_192
    private static let valuesBytesMax = 1 << 20
    private static let linesBytesMax = 128 << 10

    private let session: any InputSession
    private let frames = FrameStore(capacity: BodySending.eventsMax)

    /// For the bodies of one input.
    init(_ session: any InputSession) { self.session = session }

    /// Sends the records of a body.
    mutating func send(_ body: UnsafeBufferPointer<UInt8>, _ job: HTTPDelivery.Job) -> Outcome {
        var filling = EventFilling(fillsFields: false, zone: job.accepted.form.decoding.zone)
        var sum = Sum(read: job.body.readableBytes)
        switch job.accepted.form {
        case .json(let decoding):
            do throws(JSONBody.Fault) {
                let values = JSONBody(body, valueBytesMax: decoding.frameBytesMax)
                // The walk that finds every fault comes first: from here on nothing can be refused.
                _ = try values.count()
                return sendValues(values, of: body, decoding, job, &filling, &sum)
            } catch {
                return .refused(.malformed(error))
            }
        case .records(let decoding): return sendRecords(of: body, decoding, job, &filling, &sum)
        }
    }

    /// What was sent so far.
    private struct Sum {
        var events = 0
        /// Bytes of the request that were not told to the session yet.
        var read: Int

        mutating func takeRead() -> Int {
            defer { read = 0 }
            return read
        }
    }

    // MARK: - JSON

    private func sendValues(
        _ values: JSONBody, of body: UnsafeBufferPointer<UInt8>, _ decoding: DecodingSetting, _ job: HTTPDelivery.Job,
        _ filling: inout EventFilling, _ sum: inout Sum
    ) -> Outcome {
        var decoder = decoding.decoder()
        decoder.startStream()
        var values = values
        var ahead = try? values.next()
        while let first = ahead {
            guard let box = session.takeBatch() else { return .stopped }
            // The part of the body that holds so many values goes to the arena as it is.
            var count = 0
            var last = first
            while let value = ahead, count < Self.eventsMax, value.upperBound - first.lowerBound <= Self.valuesBytesMax || count == 0 {
                frames[count] = Frame(offset: value.lowerBound - first.lowerBound, length: value.count)
                count += 1
                last = value
                ahead = try? values.next()
            }
            let span = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(body)[first.lowerBound..<last.upperBound])
            let offset = Int(box.events.append(span).offset)
            for index in 0..<count {
                frames[index] = Frame(offset: offset + Int(frames[index].raw.offset), length: Int(frames[index].raw.length))
            }
            decode(count, &decoder, decoding, box.events)
            finish(box, job, &filling, &sum)
        }
        return .sent(events: sum.events)
    }

    private func decode(_ count: Int, _ decoder: inout any Decoder, _ decoding: DecodingSetting, _ batch: borrowing EventBatch) {
        let received = session.now
        var rest = UnsafeBufferPointer(rebasing: frames.all[..<count])
        while rest.count > 0 {
            let (decoded, refusal) = decoder.decode(rest, received: received, into: batch)
            guard let refusal else { return }
            session.refuse(
                batch.bytes(rest[decoded].raw), reason: "frame refused by `\(decoding.formatName)` in strict mode: \(refusal)")
            rest = UnsafeBufferPointer(rebasing: rest[(decoded + 1)...])
        }
    }

    // MARK: - Everything else

    private func sendRecords(
        of body: UnsafeBufferPointer<UInt8>, _ decoding: DecodingSetting, _ job: HTTPDelivery.Job, _ filling: inout EventFilling,
        _ sum: inout Sum
    ) -> Outcome {
        var stream = StreamDecoder(SharedDecoding(decoding))
        var carried = CarriedBytes()
        var rest = UnsafeRawBufferPointer(body)
        while !rest.isEmpty || carried.count > 0 {
            guard let box = session.takeBatch() else { return .stopped }
            _ = box.events.append(carried.bytes)
            let start = box.events.byteCount
            let chunk = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.linesBytesMax))
            rest = UnsafeRawBufferPointer(rebasing: rest[chunk.count...])
            _ = box.events.append(chunk)
            stream.bytesCame(box.events, from: start)
            let limit = box.events.byteCount
            let place = stream.decode(box.events, from: 0, isFinal: rest.isEmpty, session: session)
            carried.replace(
                with: rest.isEmpty
                    ? UnsafeRawBufferPointer(start: nil, count: 0)
                    : box.events.bytes(sl_span(offset: UInt32(place), length: UInt32(limit - place))))
            finish(box, job, &filling, &sum)
        }
        return .sent(events: sum.events)
    }

    private func finish(_ box: BatchBox, _ job: HTTPDelivery.Job, _ filling: inout EventFilling, _ sum: inout Sum) {
        guard box.events.count > 0 else { return session.giveBack(box) }
        let sender = filling.place(job.sender, in: box.events)
        filling.fill(box.events, from: 0, of: sender)
        sum.events += box.events.count
        session.send(box, stream: job.stream, bytes: sum.takeRead(), positions: [])
    }
}

/// Room for the frames of one cut.
private final class FrameStore {
    let all: UnsafeMutableBufferPointer<Frame>

    init(capacity: Int) {
        all = .allocate(capacity: capacity)
        all.initialize(repeating: Frame(offset: 0, length: 0))
    }

    deinit { all.deallocate() }

    subscript(index: Int) -> Frame {
        get { all[index] }
        set { all[index] = newValue }
    }
}
