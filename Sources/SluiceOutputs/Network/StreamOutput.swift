import Logging
import NIOCore
package import SluiceComponent
import SluiceNetwork

/// Sends records over TCP, TLS or Unix streams.
///
/// ``commit()`` returns when the receiver's system has acknowledged everything. What it has acknowledged may still lie unread in the
/// receiver's socket when the receiver dies; the newest of it is kept (``ResendWindow``) and sent again, in order and before anything
/// new, after a connection that did not end clean. With several addresses and `balance: round_robin` there is one link for each, and
/// parcels go to them in turn; else one link whose connection goes to the first address that can be reached.
package final class StreamOutput: Output {
    /// How often connections are looked at while nothing is sent.
    private static let lookNs: Int64 = 1_000_000_000

    private let settings: StreamSettings
    private let context: OutputContext
    private let dialer: Dialer
    private let links: [StreamLink]
    /// When a link whose address failed is tried again, by its place.
    private var retryAt: [Int64]
    private var turn = 0
    /// What has to be sent before anything new, the oldest first.
    private var owed: [RecordChunk] = []
    private var packer: RecordPacker
    private var pacer: RatePacer
    private var connects = 0
    private var resentRecords = 0

    init(_ settings: StreamSettings, _ context: OutputContext) {
        self.settings = settings
        self.context = context
        dialer = Dialer(settings.dial, log: context.log, discardsInput: true)
        let count = settings.dial.balance == .roundRobin ? settings.dial.addresses.count : 1
        links = (0..<count).map { _ in StreamLink(windowBytesMax: settings.windowBytesMax) }
        retryAt = links.map { _ in 0 }
        packer = RecordPacker(settings.framing, keepsSeparators: settings.keepsSeparators)
        pacer = RatePacer(perSecond: settings.recordsPerSecondMax)
    }

    // MARK: - Output

    package func write(_ parcel: Parcel) throws(OutputError) {
        var attempts = 0
        while true {
            let link = try readyLink()
            attempts += 1
            do throws(NetworkError) {
                try payOwed(link)
                link.mark(parcel)
                return try give(parcel, link)
            } catch {
                let failure = lost(link, error)
                // A peer that has closed the connection after it had read everything has to be connected to anew, and that is all.
                if failure.isBroken || attempts > 1 { throw failure.error }
            }
        }
    }

    package func commit() throws(OutputError) {
        for link in links where link.isUnconfirmed { try confirm(link) }
    }

    package func tend(now: Int64) throws(OutputError) -> Int64? {
        for link in links where link.hasEnded { settle(link) }
        // Nobody waits for new records; what a receiver lost it gets all the same.
        if !owed.isEmpty { try payOwed() }
        if let link = links.first, links.count == 1 { switchBack(link) }
        return links.contains { $0.current != nil } ? now + Self.lookNs : nil
    }

    package func close() throws(OutputError) {
        defer { dialer.close() }
        for link in links { note(link.close(stop: context.stop)) }
        guard !owed.isEmpty, !context.stop.isSet else { return }
        // A receiver that ended without reading everything has one more chance.
        let end = try payOwed().close(stop: context.stop)
        if let fault = end.fault, !end.owed.isEmpty {
            throw OutputError(
                code: .cannotWrite, message: "the last \(end.records) records may not have been read by their receiver: \(fault.message)")
        }
    }

    package var counters: [OutputCounter] {
        [
            OutputCounter("connections_open", links.count { $0.isOpen }, isTotal: false),
            OutputCounter("connects", connects),
            OutputCounter("connection_failures", dialer.failures),
            OutputCounter("connections_broken", links.reduce(0) { $0 + $1.broken }),
            OutputCounter("resent_records", resentRecords),
            OutputCounter("records_altered", packer.altered),
        ]
    }

    // MARK: - Sending

    private func give(_ parcel: Parcel, _ link: StreamLink) throws(NetworkError) {
        while let part = parcel.unwrittenPart {
            let (chunk, length) = packer.pack(part, recordsMax: pacer.burst)
            try pace(chunk.records)
            try link.give(chunk, isOwed: false, stop: context.stop)
            parcel.wrote(length)
        }
    }

    private func payOwed(_ link: StreamLink) throws(NetworkError) {
        while let chunk = owed.first {
            try pace(chunk.records)
            try link.give(chunk, isOwed: true, stop: context.stop)
            // From here on the link knows that it is owed.
            owed.removeFirst()
            resentRecords += chunk.records
        }
    }

    /// Sends what is owed and waits until the receiver has it; answers the link that did it.
    @discardableResult
    private func payOwed() throws(OutputError) -> StreamLink {
        let link = try readyLink()
        do throws(NetworkError) { try payOwed(link) } catch { throw lost(link, error).error }
        try confirm(link)
        return link
    }

    private func pace(_ records: Int) throws(NetworkError) {
        let delay = pacer.delay(records, now: MonotonicClock.now)
        if delay > 0, context.stop.wait(nanoseconds: delay) { throw NetworkError(.stopped, "the program is to end") }
    }

    private func confirm(_ link: StreamLink) throws(OutputError) {
        do throws(NetworkError) { try link.confirm(stop: context.stop) } catch {
            let failure = lost(link, error)
            // A peer that has closed the connection clean has read everything.
            if failure.isBroken { throw failure.error }
        }
    }

    // MARK: - Connections

    /// A link that can be written to.
    private func readyLink() throws(OutputError) -> StreamLink {
        for link in links where link.hasEnded { settle(link) }
        if links.count == 1 {
            switchBack(links[0])
            if !isReady(links[0]) { try connect(links[0], nil) }
            return links[0]
        }
        defer { turn = (turn + 1) % links.count }
        let order = links.indices.map { (turn + $0) % links.count }
        let now = MonotonicClock.now
        var failure: OutputError?
        // Those that failed a while ago last: somebody has to be asked when nobody else is there.
        for index in order.filter({ links[$0].isOpen || retryAt[$0] <= now }) + order.filter({ !links[$0].isOpen && retryAt[$0] > now }) {
            if isReady(links[index]) { return links[index] }
            do throws(OutputError) {
                try connect(links[index], index)
                return links[index]
            } catch {
                if error.code == .stopped { throw error }
                retryAt[index] = MonotonicClock.now + settings.dial.failbackNs
                failure = failure ?? error
            }
        }
        throw failure ?? .stopped(settings.dial.addresses[0].text)
    }

    /// Whether a link can be written to. If not it has no connection behind this: one may end at any moment, and what it leaves has to be
    /// noted before there is another.
    private func isReady(_ link: StreamLink) -> Bool {
        if link.isOpen { return true }
        settle(link)
        return false
    }

    /// Connects a link without a connection: to the address of its index, or (nil) to the first that can be reached.
    private func connect(_ link: StreamLink, _ index: Int?) throws(OutputError) {
        let connection: DialedConnection
        do throws(NetworkError) {
            if let index {
                connection = try dialer.connect(to: index, stop: context.stop)
            } else {
                connection = try dialer.connect(stop: context.stop)
            }
        } catch {
            throw outputError(error)
        }
        try adopt(connection, link)
    }

    private func adopt(_ connection: DialedConnection, _ link: StreamLink) throws(OutputError) {
        connects += 1
        context.log.debug("output `\(context.name)`: connected to \(connection.address.text)")
        do throws(NetworkError) { try link.adopt(connection, header: settings.header, stop: context.stop) } catch {
            throw lost(link, error).error
        }
    }

    /// Goes back to an address before the one in use, between two batches, once one can be reached.
    private func switchBack(_ link: StreamLink) {
        guard link.isOpen, !link.isUnconfirmed, let current = link.current, let better = dialer.earlierConnection(than: current) else {
            return
        }
        context.log.info(
            "output `\(context.name)`: \(better.address.text) can be reached again; it takes over from \(current.address.text)")
        note(link.close(stop: context.stop))
        // If it breaks at once, the next call finds no connection.
        try? adopt(better, link)
    }

    /// Looks at how a connection has ended; answers whether it was broken.
    @discardableResult
    private func settle(_ link: StreamLink) -> Bool { note(link.end(stop: context.stop)) }

    /// A call on a link failed: what is to be written again is noted. `isBroken` is false when the receiver had read all that it was given.
    private func lost(_ link: StreamLink, _ error: NetworkError) -> (error: OutputError, isBroken: Bool) {
        if error.code == .stopped { return (.stopped(settings.dial.addresses[0].text), true) }
        let address = link.current?.address.text ?? settings.dial.addresses[0].text
        let isBroken = settle(link)
        return (OutputError(code: .cannotWrite, message: "\(address): \(error.message)"), isBroken)
    }

    /// Notes what is owed after the end of a connection; answers whether it was broken.
    @discardableResult
    private func note(_ end: StreamLink.Remains) -> Bool {
        guard let fault = end.fault else { return false }
        owed.insert(contentsOf: end.owed, at: 0)
        // Those that are owed count when they are sent.
        resentRecords += end.recordsSetBack
        guard end.records > 0 else { return true }
        context.log.warning(
            "output `\(context.name)`: a connection did not end in order (\(fault.message)); the last \(end.records) records on it, which the receiver may not have read, are sent again"
        )
        return true
    }

    private func outputError(_ error: NetworkError) -> OutputError {
        switch error.code {
        case .stopped: .stopped(settings.dial.addresses[0].text)
        case .notPermitted: OutputError(code: .notPermitted, message: error.message)
        default: OutputError(code: .cannotWrite, message: error.message)
        }
    }
}
