import CSluice
import Glibc
import Logging
import SluiceComponent
import SluiceEvent
import SluiceNetwork

/// Takes datagrams out of one socket and makes events of them, on a thread of its own.
///
///     poll ──► recvmmsg ──► of one sender? ──► arena ──► frames ──► events ──► filled in ──► batch of the lane
///       ▲      (up to 128)   allowed, within its rate                                            │
///       └── the socket is drained ◄───────────────────── sent when large, or soon after that ────┘
///
/// It waits where a batch cannot be handed on. Meanwhile the kernel's buffer fills; what it drops then is another thread's to count
/// (``DatagramReceiver``). Nothing is allocated for a datagram.
final class DatagramIntake {
    /// Datagrams of one call of the kernel.
    private static let datagramsMax = 128
    /// Address space for those of one call.
    private static let roomBytesMax = 64 << 20
    /// Bytes of a kernel's buffer that last for much longer than a small batch waits for more.
    private static let napBytesMin = 4 << 20
    /// Nanoseconds without a datagram after which the socket is at rest, and between two looks at one that is.
    private static let restNs: Int64 = 100_000_000
    private static let restingNs: Int64 = 60_000_000_000
    /// Nanoseconds after a call that failed.
    private static let faultPauseNs: Int64 = 100_000_000

    private let socket: DatagramSocket
    private let setting: ListeningSetting
    private let rates: PeerRates?
    private let session: any InputSession
    private let batches: LaneBatches
    private let receiver: OpaquePointer
    /// The socket and the stop.
    private let awaited = UnsafeMutablePointer<pollfd>.allocate(capacity: 2)
    private let room: Int
    /// Whether the kernel may collect datagrams while a batch waits for more; a Unix socket holds few, and its senders wait.
    private let mayNap: Bool
    private var decoders: [DatagramDecoder?]
    private var fillings: [EventFilling]
    private var senders: DatagramSenders
    private var counts = DatagramCounts()
    private let drops: DropReport
    /// When what lies in a batch has to leave; nil when nothing does.
    private var sendsAt: Int64?
    private var isResting = false
    /// Nothing comes into the socket any more.
    private var isEnding = false
    /// Datagrams that could not be handed on any more.
    private var left = 0
    private var lastFault: Int32 = 0

    /// An intake for a socket, which it closes in the end.
    init(_ socket: DatagramSocket, _ setting: ListeningSetting, rates: PeerRates?, drops: DropReport, session: any InputSession) {
        self.socket = socket
        self.setting = setting
        self.rates = rates
        self.drops = drops
        self.session = session
        batches = LaneBatches(session)
        let bytesMax = setting.decodings.map { DatagramDecoder.bytesMax($0) }.max() ?? 0
        room = max(1, min(Self.datagramsMax, Self.roomBytesMax / bytesMax))
        guard let receiver = sl_receiver_create(socket.descriptor, UInt32(room), bytesMax, !socket.isUnix) else {
            preconditionFailure("out of memory for the datagrams of \(socket.name)")
        }
        self.receiver = receiver
        mayNap = !socket.isUnix && socket.receiveBufferBytes >= Self.napBytesMin
        awaited.initialize(to: pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0))
        (awaited + 1).initialize(to: pollfd(fd: session.stop.descriptor, events: Int16(POLLIN), revents: 0))
        decoders = Array(repeating: nil, count: setting.decodings.count)
        fillings = setting.decodings.map { EventFilling(fillsFields: setting.fillsFields, zone: $0.zone) }
        senders = DatagramSenders(setting, lanes: session.lanes)
    }

    deinit {
        sl_receiver_destroy(receiver)
        awaited.deallocate()
    }

    /// Receives until the stop, then what waits.
    func run() {
        while !session.stop.isSet {
            if wait() {
                receiveAll()
            } else if sendsAt != nil {
                sendsAt = batches.endTurn()
            }
        }
        end()
    }

    // MARK: - Waiting

    /// Waits for a datagram, no longer than a batch may wait; false when none has come.
    private func wait() -> Bool {
        let timeoutNs = sendsAt.map { max(0, $0 - MonotonicClock.now) } ?? (isResting ? Self.restingNs : Self.restNs)
        let timeout = Int32((timeoutNs + 999_999) / 1_000_000)
        if mayNap, sendsAt != nil {
            // A wake-up for every few datagrams would cost more than they do.
            poll(awaited + 1, 1, timeout)
            return true
        }
        if poll(awaited, 2, timeout) == 0, sendsAt == nil { rest() }
        return awaited[0].revents != 0
    }

    /// Nothing has come for a while.
    private func rest() {
        isResting = true
        drops.isResting = true
        drops.readSocket(session)
        sl_receiver_trim(receiver)
    }

    // MARK: - Receiving

    /// Takes what waits in the socket. False when the input has to end and no batch was to be had.
    @discardableResult
    func receiveAll() -> Bool {
        if isResting { drops.isResting = false }
        isResting = false
        var isGoing = true
        while isGoing {
            let count = Int(sl_receiver_receive(receiver))
            guard count >= 0 else {
                failed(Int32(-count))
                break
            }
            lastFault = 0
            isGoing = takeIn(count)
            counts.report(to: session)
            // Who sends without a pause would keep it here for ever.
            guard isGoing, count == room, isEnding || !session.stop.isSet else { break }
        }
        sendsAt = batches.endTurn()
        return isGoing
    }

    private func failed(_ number: Int32) {
        session.count(.failures, 1)
        if number != lastFault {
            session.log.error("cannot receive from \(socket.name): \(NetworkError.text(of: number)); it is tried again")
        }
        lastFault = number
        _ = session.stop.wait(nanoseconds: Self.faultPauseNs)
    }

    /// Makes events of what was received; false when the input has to end and no batch is to be had.
    private func takeIn(_ count: Int) -> Bool {
        guard count > 0, let datagrams = sl_receiver_datagrams(receiver) else { return true }
        let received = session.now
        var first = 0
        while first < count {
            var end = first + 1
            var bytes = Int(datagrams[first].length)
            // No further than a batch is to be filled.
            while end < count, bytes < LaneBatches.bytesMax, sl_same_sender(datagrams + first, datagrams + end) {
                bytes += Int(datagrams[end].length)
                end += 1
            }
            guard takeIn(UnsafeBufferPointer(start: datagrams + first, count: end - first), received) else {
                left += count - first
                return false
            }
            first = end
        }
        // The last one was queued last.
        var last = count - 1
        while last >= 0, !datagrams[last].has_drops { last -= 1 }
        if last >= 0 { drops.read(datagrams[last].drops, session) }
        return true
    }

    /// Makes events of datagrams of one sender; false when no batch is to be had.
    private func takeIn(_ datagrams: UnsafeBufferPointer<sl_datagram>, _ received: Int64) -> Bool {
        let index = senders.find(datagrams[0])
        guard senders[index].isAllowed else {
            counts.refused += datagrams.count
            return true
        }
        let admitted = rates?.admit(datagrams.count, of: senders[index].sender.key, at: MonotonicClock.now) ?? datagrams.count
        counts.limited += datagrams.count - admitted
        guard admitted > 0 else { return true }
        let lane = senders[index].lane
        guard let box = batches.take(lane) else { return false }
        let placed = place(index, lane, box.events)
        let before = box.events.count
        decode(UnsafeBufferPointer(rebasing: datagrams[..<admitted]), box.events, index, received)
        // A datagram that was cut into several frames is as many events.
        let more = box.events.count - before - admitted
        if more > 0, let rates { limit(more, box.events, rates, senders[index].sender.key) }
        fillings[senders[index].decodingIndex].fill(box.events, from: before, of: placed)
        _ = batches.sendIfLarge(lane)
        return true
    }

    /// Where the sender stands in the batch.
    private func place(_ index: Int, _ lane: Int, _ batch: borrowing EventBatch) -> EventFilling.Placed {
        let serial = batches.serial(lane)
        if let placed = senders[index].placed, senders[index].serial == serial { return placed }
        let placed = fillings[senders[index].decodingIndex].place(senders[index].sender, in: batch)
        senders[index].placed = placed
        senders[index].serial = serial
        return placed
    }

    private func decode(
        _ datagrams: UnsafeBufferPointer<sl_datagram>, _ batch: borrowing EventBatch, _ index: Int, _ received: Int64
    ) {
        let decoder = decoder(senders[index].decodingIndex)
        var bytes = 0
        for number in 0..<datagrams.count {
            if !decoder.hasRoom { decoder.decode(batch, received: received, session: session) }
            let length = Int(datagrams[number].length)
            batch.reserve(length)
            let raw = batch.raw
            let start = batch.byteCount
            // SAFETY: the room was reserved above.
            if length > 0, let datagram = datagrams.baseAddress { sl_datagram_copy(datagram + number, raw.pointee.bytes + start) }
            raw.pointee.length += UInt32(length)
            bytes += length
            decoder.take(batch, from: start, length: length, bytesCut: Int(datagrams[number].bytes_cut))
        }
        decoder.decode(batch, received: received, session: session)
        decoder.takeTally().report(to: session)
        batches.received(bytes, senders[index].lane)
    }

    private func decoder(_ index: Int) -> DatagramDecoder {
        if let known = decoders[index] { return known }
        let made = DatagramDecoder(setting.decodings[index], framer: setting.datagramFramer(index))
        decoders[index] = made
        return made
    }

    /// Takes the last `more` events out as far as their sender has sent too many.
    private func limit(_ more: Int, _ batch: borrowing EventBatch, _ rates: PeerRates, _ key: EventSender.Key) {
        let passed = rates.admit(more, of: key, at: MonotonicClock.now)
        for _ in passed..<more { sl_event_cancel(batch.raw) }
        counts.limited += more - passed
    }

    // MARK: - The end

    /// Takes what waits as long as batches are to be had, and counts the rest. A passed socket keeps it for who opens it next.
    private func end() {
        if !socket.isPassed {
            socket.file?.remove()
            isEnding = sl_receiver_refuse(receiver) == 0
            if !receiveAll() { left += countRest() }
        }
        if left > 0 { session.count(.datagramsLost, left) }
        drops.readSocket(session)
        drops.finish(left: left)
        batches.finish()
        socket.remove()
    }

    private func countRest() -> Int {
        var rest = 0
        while isEnding {
            let count = Int(sl_receiver_receive(receiver))
            guard count > 0 else { break }
            rest += count
        }
        return rest
    }
}
