import Logging
import NIOCore
package import SluiceComponent
import SluiceConfig
import SluiceEncoding
import SluiceNetwork

/// Sends events whole, with types and meta, to the `type: sluice` input of another Sluice, and takes them for delivered when that has
/// acknowledged them.
///
/// `write` makes frames of a parcel, keeps them and sends what the connection takes; `commit` waits until all are acknowledged. What
/// fails in between is `commit`'s to say: the frames are here, and go out again on the next connection, unless the receiver has them.
///
/// ```
///   parcel ── write ──► frames 7 8 9 ──► connection ──► receiver
///                          │   ▲                           │
///                          │   └── sent again behind ◄── welcome(received)
///                          └── settled by ◄── acknowledged(9), through its outputs
/// ```
///
/// A receiver whose outputs are down acknowledges nothing and says every ten seconds that it is there. One that says nothing for
/// `ack_timeout` is given up.
package final class SluiceOutput: Output {
    /// What the catalogue says about it.
    static let entry = OutputCatalogue.Entry(
        kind: "sluice",
        summary: "another Sluice, whose `type: sluice` input takes events as they are, with types and meta, and acknowledges them",
        promise:
            "Delivered when the receiver's outputs have taken the events. At least once: what was not acknowledged is sent again after a broken connection, from a disk buffer also after a restart.",
        options: SluiceOutputPlan.options, hasOwnEncoding: true,
        example: "{ type: sluice, address: \"tcp://collector:24514\" }",
        make: { values, setting throws(ConfigError) in try SluiceOutputPlan(values, setting) })

    /// Bytes of one frame's payload, unless a single event has more.
    private static let payloadBytes = 1 << 20
    private static let eventsMax = 10_000
    /// How often an idle connection shows the receiver that this side is there.
    private static let pingNs: Int64 = 10_000_000_000
    private static let readBytes = 16 << 10

    private let plan: SluiceOutputPlan
    private let context: OutputContext
    private let dialer: Dialer
    private var sender: TransferSender
    private var connection: DialedConnection?
    /// When something was last sent and heard on the connection, by the monotonic clock.
    private var sentAt: Int64 = 0
    private var heardAt: Int64 = 0
    /// A commit has failed: what is written before one has succeeded is another batch, and the one before was given up.
    private var hasFailed = false
    /// What was written since the last commit that succeeded.
    private var batch: [Parcel] = []
    /// The batch is written again for a receiver that does not take all of it.
    private var isSortedOut = false
    private var connections = 0
    private var framesSent = 0
    private var bytesSent = 0

    /// An output that connects when it has something to send.
    init(_ plan: SluiceOutputPlan, _ context: OutputContext) {
        self.plan = plan
        self.context = context
        dialer = Dialer(plan.dial, log: context.log)
        sender = TransferSender(name: context.name, token: plan.token, compression: plan.compression)
    }

    // MARK: - Output

    package func write(_ parcel: Parcel) throws(OutputError) {
        if hasFailed {
            hangUp()
            sender.abandon()
            batch = []
            hasFailed = false
        }
        if batch.last !== parcel { batch.append(parcel) }
        // Between two batches nothing is under way that would be sent twice.
        if sender.isSettled { goBack() }
        if connection?.isOpen == false { hangUp() }
        // The next receiver may take longer ones; the one that has objected does not.
        if connection == nil, !isSortedOut { sender.forgetLimit() }
        parcel.isolateRecords(over: sender.payloadBytesMax)
        try parcel.writeParts { _, bytes, _ throws(OutputError) in try add(bytes) }
        guard connection?.isOpen == true else { return }
        // What goes wrong here goes wrong again in `commit`, which says so.
        do throws(SluiceFault) { try sendReady() } catch { hangUp() }
    }

    package func commit() throws(OutputError) {
        // A connection that has ended since the last commit has done no harm.
        if connection?.isOpen == false { hangUp() }
        let isOld = connection != nil
        do throws(SluiceFault) {
            do throws(SluiceFault) {
                try settle()
            } catch {
                // The end of an old connection may be noticed only now: a new one decides.
                guard isOld, error.code == .cannotWrite, !error.isPermanent else { throw error }
                hangUp()
                try settle()
            }
            hasFailed = false
            isSortedOut = false
            batch = []
        } catch {
            hasFailed = true
            isSortedOut = false
            hangUp()
            throw sender.tooLongBytes == nil ? error.outputError : sortOut(error)
        }
    }

    /// The receiver has said how long an event may be, and one is longer: nothing of the batch was sent, and it is written again without
    /// that one.
    private func sortOut(_ fault: SluiceFault) -> OutputError {
        for parcel in batch { parcel.partsWritten = 0 }
        isSortedOut = true
        return OutputError(code: fault.code, message: "\(fault.message); the others are sent without it")
    }

    package func tend(now: Int64) throws(OutputError) -> Int64? {
        guard let connection else { return nil }
        do throws(SluiceFault) {
            _ = try hear(until: MonotonicClock.now)
            if MonotonicClock.now - sentAt >= Self.pingNs { try send(TransferFrame.ping.bytes, on: connection) }
        } catch {
            if error.code != .stopped { context.log.debug("output `\(context.name)`: \(error.message)") }
            hangUp()
            return nil
        }
        return now + Self.pingNs
    }

    package func close() throws(OutputError) {
        if let connection, let goodbye = sender.goodbye() {
            // A receiver that does not hear it forgets this sender later.
            do throws(NetworkError) {
                try connection.write(ByteBuffer(bytes: goodbye), stop: context.stop)
                try connection.flush(stop: context.stop)
            } catch { context.log.debug("output `\(context.name)`: \(error.message)") }
        }
        hangUp()
        dialer.close()
    }

    package var counters: [OutputCounter] {
        [
            OutputCounter("connections", connections), OutputCounter("frames_sent", framesSent),
            OutputCounter("frames_resent", sender.resent), OutputCounter("bytes_sent", bytesSent),
            OutputCounter("frames_unacknowledged", sender.waitingFrames, isTotal: false),
        ]
    }

    // MARK: - Frames

    /// Makes frames of records.
    private func add(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
        var start = 0
        var end = 0
        var events = 0
        while end < bytes.count {
            guard let length = PackedRecord.length(in: bytes, at: end) else {
                throw OutputError(
                    code: .cannotWrite,
                    message: "a record of \(bytes.count - end) bytes is not whole; was the disk buffer of another output?",
                    isPermanent: true)
            }
            // Long records are parts of their own.
            guard length <= sender.payloadBytesMax else {
                throw OutputError(code: .cannotWrite, message: sender.tooLong(length).message, isPermanent: true)
            }
            if events > 0, end + length - start > Self.payloadBytes || events == Self.eventsMax {
                sender.add(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), events: events)
                (start, events) = (end, 0)
            }
            end += length
            events += 1
        }
        if events > 0 { sender.add(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), events: events) }
    }

    // MARK: - The connection

    /// Sends what was not sent, and waits until everything is acknowledged.
    private func settle() throws(SluiceFault) {
        while !sender.isSettled {
            try connect()
            try sendReady()
            if sender.isSettled { return }
            guard try hear(until: heardAt + plan.acknowledgementNs) else {
                throw SluiceFault(
                    NetworkError(
                        .timedOut,
                        "the receiver has not said anything for `ack_timeout` (\(DurationText.text(plan.acknowledgementNs))); what was not acknowledged is sent again"
                    ), connection?.address)
            }
        }
    }

    /// Goes back to an earlier address when one can be reached again.
    private func goBack() {
        guard let connection, let earlier = dialer.earlierConnection(than: connection) else { return }
        context.log.info("output `\(context.name)`: back to \(earlier.address.text)")
        hangUp()
        do throws(SluiceFault) { try begin(earlier) } catch { hangUp() }
    }

    /// Makes sure of a connection.
    private func connect() throws(SluiceFault) {
        guard connection == nil else { return }
        let made: DialedConnection
        do throws(NetworkError) { made = try dialer.connect(stop: context.stop) } catch { throw SluiceFault(error) }
        try begin(made)
    }

    private func begin(_ connection: DialedConnection) throws(SluiceFault) {
        self.connection = connection
        connections += 1
        heardAt = MonotonicClock.now
        try send(sender.connected(), on: connection)
    }

    private func sendReady() throws(SluiceFault) {
        guard let connection else { return }
        while true {
            let frame: [UInt8]?
            do throws(TransferError) { frame = try sender.nextFrame() } catch { throw SluiceFault(error, connection.address) }
            guard let frame else { return }
            try send(frame, on: connection)
            framesSent += 1
        }
    }

    private func send(_ bytes: [UInt8], on connection: DialedConnection) throws(SluiceFault) {
        do throws(NetworkError) {
            try connection.write(ByteBuffer(bytes: bytes), stop: context.stop)
        } catch { throw SluiceFault(error, connection.address) }
        sentAt = MonotonicClock.now
        bytesSent += bytes.count
    }

    /// Takes what the receiver has sent, waiting for some; false when nothing came by the deadline.
    private func hear(until deadline: Int64) throws(SluiceFault) -> Bool {
        guard let connection else { return false }
        let bytes: [UInt8]?
        do throws(NetworkError) {
            bytes = try connection.read(upTo: Self.readBytes, until: deadline, stop: context.stop)
        } catch { throw SluiceFault(error, connection.address) }
        guard let bytes else { return false }
        guard !bytes.isEmpty else {
            throw SluiceFault(NetworkError(.closed, "the receiver has closed the connection"), connection.address)
        }
        heardAt = MonotonicClock.now
        do throws(TransferError) { try sender.received(bytes) } catch { throw SluiceFault(error, connection.address) }
        return true
    }

    private func hangUp() {
        guard let connection else { return }
        connection.close()
        self.connection = nil
        sender.disconnected()
    }
}
