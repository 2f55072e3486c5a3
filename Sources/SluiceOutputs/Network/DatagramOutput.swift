import Logging
package import SluiceComponent
import SluiceNetwork

/// Sends each record as a datagram, over UDP or to a Unix socket.
///
/// UDP promises nothing, but says a little: when nobody listens on the receiver's port, its system tells (ICMP), and what was sent since
/// the last ``commit()`` is sent again. On a new socket, which is one after each refusal too, the first commit gives the answer time to
/// come, so that a receiver that is not there is noticed before more is sent to it. A Unix socket tells more: `commit()` waits until the receiver has read everything, and when the
/// receiver has gone away in the meantime, what it may not have read is sent again.
package final class DatagramOutput: Output {
    /// Datagrams are not cut shorter than this because the way is narrow.
    private static let cutBytesMin = 256
    /// How often sockets are looked at while nothing is sent.
    private static let lookNs: Int64 = 1_000_000_000
    /// How long a refusal is waited for behind the first datagrams of a socket.
    private static let patienceNs: Int64 = 200_000_000
    /// Refusals without a confirmation in between after which the receiver counts as gone.
    private static let refusalsMax = 2

    private let settings: DatagramSettings
    private let context: OutputContext
    private let targets: [DatagramTarget]
    private var turn = 0
    private var pacer: RatePacer
    private var connects = 0
    private var connectionFailures = 0
    private var refusals = 0
    private var cut = 0
    private var resentRecords = 0
    /// Datagrams since the last confirmation.
    private var unconfirmed = 0

    init(_ settings: DatagramSettings, _ context: OutputContext) {
        self.settings = settings
        self.context = context
        targets = settings.dial.addresses.map { DatagramTarget($0) }
        pacer = RatePacer(perSecond: settings.recordsPerSecondMax)
    }

    package func write(_ parcel: Parcel) throws(OutputError) {
        let target = try readyTarget()
        target.marks.add(parcel)
        do throws(NetworkError) {
            while let part = parcel.unwrittenPart {
                guard let record = SizedRecord(part, at: 0) else {
                    parcel.wrote(part.count)
                    continue
                }
                if let refusal = try send(record.bytes, target) {
                    try recover(target, refusal)
                } else {
                    unconfirmed += 1
                    parcel.wrote(record.end)
                }
            }
        } catch {
            throw failed(target, error)
        }
    }

    package func commit() throws(OutputError) {
        for target in targets where !target.marks.isEmpty {
            do throws(NetworkError) {
                while let refusal = try check(target) { try recover(target, refusal) }
            } catch {
                throw failed(target, error)
            }
            target.marks.confirm()
            target.refusals = 0
            target.isProven = true
        }
        unconfirmed = 0
    }

    private func check(_ target: DatagramTarget) throws(NetworkError) -> NetworkError? {
        try target.sender?.check(
            timeoutNs: settings.dial.writeTimeoutNs, patienceNs: target.isProven ? 0 : Self.patienceNs, stop: context.stop)
    }

    package func tend(now: Int64) throws(OutputError) -> Int64? {
        for target in targets where target.isUDP && target.marks.isEmpty {
            guard let refusal = try? target.sender?.check(timeoutNs: 0, stop: context.stop) else { continue }
            refusals += 1
            target.sender = nil
            context.log.warning("output `\(context.name)`: \(refusal.message); what was sent there last is lost")
        }
        return targets.contains { $0.isUDP && $0.sender != nil } ? now + Self.lookNs : nil
    }

    package func close() throws(OutputError) {}

    package var counters: [OutputCounter] {
        [
            OutputCounter("connects", connects),
            OutputCounter("connection_failures", connectionFailures),
            OutputCounter("refusals", refusals),
            OutputCounter("resent_records", resentRecords),
            OutputCounter("datagrams_cut", cut),
        ]
    }

    // MARK: - Sending

    /// Sends a datagram; answers the refusal when nobody listens.
    private func send(_ record: UnsafeRawBufferPointer, _ target: DatagramTarget) throws(NetworkError) -> NetworkError? {
        let delay = pacer.delay(1, now: MonotonicClock.now)
        if delay > 0, context.stop.wait(nanoseconds: delay) { throw NetworkError(.stopped, "the program is to end") }
        var limit = settings.bytesMax
        while true {
            let datagram = DatagramText.cut(record, to: limit)
            guard let sender = target.sender else { throw NetworkError(.closed, "there is no socket") }
            switch try sender.send(datagram, timeoutNs: settings.dial.writeTimeoutNs, stop: context.stop) {
            case .sent:
                if datagram.count < record.count { cut += 1 }
                return nil
            case .refused(let fault): return fault
            case .tooLarge:
                guard datagram.count > Self.cutBytesMin else {
                    throw NetworkError(
                        .system, "cannot send to \(target.address.text): \(datagram.count) bytes are too many for a datagram")
                }
                limit = max(Self.cutBytesMin, datagram.count / 2)
            }
        }
    }

    /// Makes the socket anew, which also looks the name up again, and sends once more what may have been lost; throws when the receiver
    /// refuses again.
    private func recover(_ target: DatagramTarget, _ refusal: NetworkError) throws(NetworkError) {
        var refusal = refusal
        while true {
            refusals += 1
            target.refusals += 1
            guard target.refusals < Self.refusalsMax else { throw refusal }
            try connect(target)
            guard let again = try repeatUnconfirmed(target) else { return }
            refusal = again
        }
    }

    private func repeatUnconfirmed(_ target: DatagramTarget) throws(NetworkError) -> NetworkError? {
        for bytes in target.marks.written {
            var start = 0
            while let record = SizedRecord(bytes, at: start) {
                if let refusal = try send(record.bytes, target) { return refusal }
                resentRecords += 1
                start = record.end
            }
        }
        return nil
    }

    private func connect(_ target: DatagramTarget) throws(NetworkError) {
        target.sender = nil
        target.isProven = false
        do throws(NetworkError) {
            target.sender = try DatagramSender(
                target.address, until: MonotonicClock.now + settings.dial.connectTimeoutNs, stop: context.stop)
            connects += 1
        } catch {
            connectionFailures += 1
            throw error
        }
    }

    /// A receiver that can be sent to: the first one, or the next in turn; one that failed a while ago only when there is no other.
    private func readyTarget() throws(OutputError) -> DatagramTarget {
        let isInTurn = settings.dial.balance == .roundRobin
        let first = isInTurn ? turn : 0
        if isInTurn { turn = (turn + 1) % targets.count }
        let order = targets.indices.map { targets[(first + $0) % targets.count] }
        let now = MonotonicClock.now
        var failure: OutputError?
        for target in order.filter({ $0.retryAt <= now }) + order.filter({ $0.retryAt > now }) {
            if target.sender != nil { return target }
            do throws(NetworkError) {
                try connect(target)
                return target
            } catch {
                let error = failed(target, error)
                if error.code == .stopped { throw error }
                failure = failure ?? error
            }
        }
        throw failure ?? .stopped(targets[0].address.text)
    }

    /// A receiver cannot be sent to: what it has not confirmed is written again.
    private func failed(_ target: DatagramTarget, _ fault: NetworkError) -> OutputError {
        if fault.code == .stopped { return .stopped(target.address.text) }
        resentRecords += unconfirmed
        unconfirmed = 0
        target.marks.rollBack()
        target.sender = nil
        target.refusals = 0
        if targets.count > 1 { target.retryAt = MonotonicClock.now + settings.dial.failbackNs }
        return OutputError(code: fault.code == .notPermitted ? .notPermitted : .cannotWrite, message: fault.message)
    }
}
