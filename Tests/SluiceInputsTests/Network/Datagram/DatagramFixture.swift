import CSluice
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceNetwork
import Testing

@testable import SluiceInputs

/// A receiver that runs, on sockets of its own.
final class RunningReceiver {
    let session: TestSession
    private let receiver: DatagramReceiver
    let addresses: [NetworkAddress]

    /// One of `type: syslog`.
    convenience init(_ values: [(key: String, value: OptionValues.Value)], session: TestSession = TestSession()) throws {
        try self.init(.syslog, values, session: session)
    }

    /// One of any kind.
    init(
        _ kind: ListeningKind, _ values: [(key: String, value: OptionValues.Value)], session: TestSession = TestSession()
    ) throws {
        self.session = session
        let setting = try listeningSetting(kind, values)
        receiver = DatagramReceiver(setting, rates: setting.listen.rateLimit.map { PeerRates(perSecond: $0) }, session: session)
        try receiver.open()
        addresses = receiver.addresses
        receiver.start()
    }

    deinit { stop() }

    /// Sets the stop and waits for the end.
    func stop() {
        session.stop.set()
        session.state.notify { _ in }
        receiver.join()
    }

    /// A sender to the first socket.
    func sender() throws -> DatagramSender { try DatagramSender(addresses[0]) }

    /// Waits until so many datagrams were received or counted.
    func waitForAll(_ count: Int, or counter: InputCounter, sourceLocation: SourceLocation = #_sourceLocation) {
        let all: Bool? = session.wait(for: "\(count) received or counted", sourceLocation: sourceLocation) { state in
            var found = state.counts[counter] ?? 0
            for batch in state.sent { found += batch.messages.count }
            return found >= count ? true : nil
        }
        #expect(all == true, sourceLocation: sourceLocation)
    }

    /// Waits until a counter has come so far.
    func wait(_ counter: InputCounter, _ count: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        _ = session.wait(for: "\(count) of \(counter)", sourceLocation: sourceLocation) { state in
            (state.counts[counter] ?? 0) >= count ? true : nil
        }
        #expect(session.counter(counter) == count, sourceLocation: sourceLocation)
    }
}

/// The setting that options describe.
func listeningSetting(_ kind: ListeningKind, _ values: [(key: String, value: OptionValues.Value)]) throws -> ListeningSetting {
    let checked = try OptionValues(values, of: kind.options, component: "input `\(kind.rawValue)`")
    return try ListeningSetting(checked, kind: kind, InputSetting(name: "test", folder: "/", zone: .utc))
}

/// Sends datagrams to one address.
final class DatagramSender {
    private let descriptor: Int32

    /// A sender; `source` is the address of IPv4 that it sends from.
    init(_ address: NetworkAddress, from source: String? = nil) throws {
        switch address {
        case .udp(let host, let port):
            let target = try #require(try ResolvedAddress.resolve(host: host, port: port, type: SOCK_DGRAM).first)
            descriptor = socket(target.family, Int32(SOCK_DGRAM.rawValue), 0)
            if let source {
                let own = try #require(try ResolvedAddress.resolve(host: source, port: 0, type: SOCK_DGRAM).first)
                try #require(own.withAddress { bind(descriptor, $0, $1) } == 0)
            }
            try #require(target.withAddress { connect(descriptor, $0, $1) } == 0)
        case .unixDatagram(let path):
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var name = try #require(sockaddr_un(path: path))
            try #require(name.withAddress { connect(descriptor, $0, $1) } == 0, "errno \(errno)")
        default: throw NetworkError(.system, "no datagrams go to \(address.text)")
        }
    }

    deinit { close(descriptor) }

    func send(_ texts: String...) {
        for text in texts { send(Array(text.utf8)) }
    }

    func send(_ bytes: [UInt8]) { #expect(Glibc.send(descriptor, bytes, bytes.count, 0) == bytes.count) }
}
