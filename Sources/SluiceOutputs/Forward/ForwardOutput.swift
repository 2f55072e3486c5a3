import Logging
package import SluiceComponent
import SluiceConfig
import SluiceNetwork

/// Sends events by Fluent's forward protocol: to Fluentd, Fluent Bit, other Sluices and what else takes it.
///
/// ``write(_:)`` sends the events of each tag as chunks with random names, ``commit()`` waits until the receiver has acknowledged every
/// one. When a connection is lost, or an acknowledgement does not come in time, the chunks that were not acknowledged go out again, under
/// new names. With several addresses and `balance: round_robin` there is a link for each, and parcels go to them in turn.
///
/// ```
///   parcel ── write ──► chunks a b c ──► connection ──► receiver
///                          ▲                              │
///     set back to b ◄──────┴── lost, or late              ▼
///   commit ◄───────────────── acknowledged: a … b … c ◄── ack
/// ```
package final class ForwardOutput: Output {
    /// What the catalogue says about it.
    static let entry = OutputCatalogue.Entry(
        kind: "forward",
        summary: "sends events to Fluentd, Fluent Bit and other receivers of the forward protocol, with their types and a tag",
        promise:
            "Delivered when the receiver has acknowledged the chunk, which a Sluice does when its own outputs have the events, and others when they have stored it. At least once: chunks that were not acknowledged when a connection ended, or for `ack_timeout`, are sent again, from a disk buffer also after a restart, so receivers may get their events twice. With `require_ack: false` an event counts as delivered when the receiver's system has acknowledged its bytes: what the receiver had not worked on when it dies is lost.",
        options: ForwardOutputPlan.options, hasOwnEncoding: true,
        example: "{ type: forward, address: \"tcp://collector:24224\", tag: \"app.{hostname}\" }",
        make: { values, setting throws(ConfigError) in try ForwardOutputPlan(values, setting) })

    /// How often connections are looked at while nothing is sent.
    private static let lookNs: Int64 = 1_000_000_000

    private let settings: ForwardSettings
    private let context: OutputContext
    private let dialer: Dialer
    private let chunker: ForwardChunker
    private let links: [ForwardLink]
    private var turn = 0
    /// Chunks that will go out again: for the counter.
    private var owed = 0

    init(_ settings: ForwardSettings, _ context: OutputContext) {
        self.settings = settings
        self.context = context
        let dialer = Dialer(settings.dial, log: context.log)
        self.dialer = dialer
        chunker = ForwardChunker(settings)
        let isRoundRobin = settings.dial.balance == .roundRobin
        links =
            isRoundRobin
            ? settings.dial.addresses.indices.map { ForwardLink(settings, context, dialer, index: $0) }
            : [ForwardLink(settings, context, dialer, index: nil)]
    }

    // MARK: - Output

    package func write(_ parcel: Parcel) throws(OutputError) {
        guard parcel.partsWritten < parcel.parts.count else { return }
        let link = try readyLink()
        while let entries = parcel.unwrittenPart {
            if entries.isEmpty {
                parcel.wrote(0)
                continue
            }
            guard let chunk = chunker.chunk(entries, tag: parcel.parts[parcel.partsWritten].path ?? "sluice") else {
                throw OutputError(
                    code: .cannotWrite,
                    message: "\(entries.count) bytes are no events of the forward protocol; was the disk buffer that of another output?",
                    isPermanent: true)
            }
            do throws(NetworkError) {
                try link.send(chunk, of: parcel, isAgain: owed > 0)
                owed = max(0, owed - 1)
                parcel.wrote(chunk.length)
            } catch {
                throw lost(link, error)
            }
        }
    }

    package func commit() throws(OutputError) {
        for link in links {
            do throws(NetworkError) { try link.confirm() } catch { throw lost(link, error) }
        }
        owed = 0
    }

    package func tend(now: Int64) throws(OutputError) -> Int64? {
        for link in links where link.hasConnection && !link.isOpen { hangUp(link) }
        return links.contains(where: \.hasConnection) ? now + Self.lookNs : nil
    }

    package func close() throws(OutputError) {
        for link in links { hangUp(link) }
        dialer.close()
    }

    package var counters: [OutputCounter] {
        [
            OutputCounter("connections_open", links.count { $0.isOpen }, isTotal: false),
            OutputCounter("connects", links.reduce(0) { $0 + $1.connects }),
            OutputCounter("connection_failures", dialer.failures),
            OutputCounter("chunks_sent", links.reduce(0) { $0 + $1.chunksSent }),
            OutputCounter("chunks_resent", links.reduce(0) { $0 + $1.chunksResent }),
            OutputCounter("chunks_unacknowledged", links.reduce(0) { $0 + $1.unacknowledged }, isTotal: false),
        ]
    }

    // MARK: - Links

    /// A link that can be written to: the only one, or the next whose receiver can be reached.
    private func readyLink() throws(OutputError) -> ForwardLink {
        if links.count == 1 {
            do throws(NetworkError) { try links[0].open() } catch { throw lost(links[0], error) }
            return links[0]
        }
        defer { turn = (turn + 1) % links.count }
        let order = links.indices.map { links[(turn + $0) % links.count] }
        let now = MonotonicClock.now
        var failure: OutputError?
        // Those that failed a while ago last: somebody has to be asked when nobody else is there.
        for link in order.filter({ $0.isOpen || $0.retryAt <= now }) + order.filter({ !$0.isOpen && $0.retryAt > now }) {
            do throws(NetworkError) {
                try link.open()
                return link
            } catch {
                let fault = lost(link, error)
                if fault.code == .stopped { throw fault }
                failure = failure ?? fault
            }
        }
        throw failure ?? .stopped(links[0].addressText)
    }

    /// A call on a link failed: its parcels are set back.
    private func lost(_ link: ForwardLink, _ error: NetworkError) -> OutputError {
        let address = link.addressText
        hangUp(link)
        switch error.code {
        case .stopped: return .stopped(address)
        case .notPermitted: return OutputError(code: .notPermitted, message: error.message)
        default:
            // What the dialer says names the address.
            let place = error.message.contains(address) ? "" : "\(address): "
            return OutputError(code: .cannotWrite, message: place + error.message)
        }
    }

    private func hangUp(_ link: ForwardLink) {
        let address = link.addressText
        let chunks = link.hangUp()
        guard chunks > 0 else { return }
        owed += chunks
        context.log.debug("output `\(context.name)`: \(chunks) chunks that \(address) did not acknowledge go out again")
    }
}
