import Glibc
package import Logging
package import SluiceComponent
import Synchronization

/// Makes connections to the addresses of a setting. Names are looked up anew for each connection.
package final class Dialer: Sendable {
    /// What it connects by.
    package let setting: DialSetting
    private let log: Logger
    private let contexts: DialTLSContexts
    private let discardsInput: Bool
    private let failback: Failback
    private let state = Mutex(State())

    private struct State {
        /// The address that `round_robin` begins with next.
        var next = 0
        /// When an address could not be connected to last, on the monotonic clock.
        var failedAt: [Int: Int64] = [:]
        var failures = 0
        /// Lookups that were not done in time, by address.
        var lookups: [Int: NameLookup] = [:]
        var hasWarned = false
    }

    /// A dialer. `discardsInput`: what peers send is read and thrown away, for outputs whose peers have nothing to say.
    package init(_ setting: DialSetting, log: Logger, discardsInput: Bool = false) {
        self.setting = setting
        self.log = log
        self.discardsInput = discardsInput
        contexts = DialTLSContexts(setting.tls)
        failback = Failback(intervalNs: setting.failbackNs)
    }

    /// Attempts at an address that failed.
    package var failures: Int { state.withLock { $0.failures } }

    /// A connection to the address whose turn it is, or to the next one that can be reached. Those that failed not long ago come last.
    package func connect(stop: StopFlag) throws(NetworkError) -> DialedConnection {
        var faults: [NetworkError] = []
        for index in takeOrder() {
            do throws(NetworkError) {
                return try connect(to: index, stop: stop)
            } catch {
                if error.code == .stopped { throw error }
                faults.append(error)
            }
        }
        guard faults.count > 1 else { throw faults[0] }
        throw NetworkError(faults[0].code, faults.map(\.message).joined(separator: "; "))
    }

    /// A connection to one address, by its index.
    package func connect(to index: Int, stop: StopFlag) throws(NetworkError) -> DialedConnection {
        let address = setting.addresses[index]
        do throws(NetworkError) {
            let connection = try dial(address, index, stop)
            state.withLock { $0.failedAt[index] = nil }
            return connection
        } catch {
            guard error.code != .stopped else { throw error }
            state.withLock { state in
                state.failedAt[index] = MonotonicClock.now
                state.failures += 1
            }
            throw NetworkError(error.code, "cannot connect to \(address.text): \(error.message)")
        }
    }

    /// With `balance: failover`: a connection to an address before that of `connection`, once one can be reached again. Tried now and then
    /// in the background; never waits.
    package func earlierConnection(than connection: DialedConnection) -> DialedConnection? {
        guard setting.balance == .failover, connection.index > 0 else { return nil }
        return failback.connection(self, count: connection.index)
    }

    /// Ends what goes on in the background; connections that were made live on.
    package func close() {
        failback.close()
        state.withLock { $0.lookups = [:] }
    }

    /// The order in which addresses are tried now.
    private func takeOrder() -> [Int] {
        let count = setting.addresses.count
        let longAgo = MonotonicClock.now - setting.failbackNs
        let (first, failedAt) = state.withLock { state in
            defer { state.next = (state.next + 1) % count }
            return (setting.balance == .failover ? 0 : state.next, state.failedAt)
        }
        let order = (0..<count).map { (first + $0) % count }
        return order.filter { failedAt[$0, default: .min] < longAgo } + order.filter { failedAt[$0, default: .min] >= longAgo }
    }

    // MARK: - One address

    private func dial(_ address: NetworkAddress, _ index: Int, _ stop: StopFlag) throws(NetworkError) -> DialedConnection {
        let deadline = MonotonicClock.now + setting.connectTimeoutNs
        let names: [SocketName]
        var tls: DialedConnection.TLS?
        switch address {
        case .unix(let path): names = [.unix(path: path)]
        case .tcp(let host, let port): names = try lookUp(host, port, index, deadline, stop)
        case .tls(let host, let port):
            tls = try self.tls(host)
            warnOnce(address)
            names = try lookUp(host, port, index, deadline, stop)
        case .udp, .unixDatagram, .systemd: preconditionFailure("`\(address.text)` is no address of connections")
        }
        let begin = MonotonicClock.now
        let socket = try connect(names, deadline, stop)
        let roundTripNs = MonotonicClock.now - begin
        if address.port != nil { prepare(socket) }
        let connection = try DialedConnection(
            socket, to: address, index, tls: tls, discardsInput: discardsInput, writeTimeoutNs: setting.writeTimeoutNs, until: deadline,
            stop: stop)
        if tls != nil { try awaitRefusal(connection, roundTripNs, stop) }
        return connection
    }

    private func tls(_ host: String) throws(NetworkError) -> DialedConnection.TLS {
        let made = try contexts.current()
        let trust = DialTrust(
            name: setting.tls.serverName ?? host, path: setting.tls.authorities, authorities: made.authorities,
            minVersion: setting.tls.isModernOnly ? "1.3" : "1.2")
        return DialedConnection.TLS(
            context: made.context, serverName: setting.tls.serverName ?? (IPAddress(host) == nil ? host : nil), trust: trust)
    }

    private func lookUp(
        _ host: String, _ port: Int, _ index: Int, _ deadline: Int64, _ stop: StopFlag
    ) throws(NetworkError) -> [SocketName] {
        // One that an earlier attempt did not wait for to its end is not begun again.
        let lookup = state.withLock { $0.lookups.removeValue(forKey: index) } ?? NameLookup(host: host, port: port, type: SOCK_STREAM)
        do throws(NetworkError) {
            return try lookup.addresses(until: deadline, stop: stop).map { .ip($0) }
        } catch {
            if !lookup.isDone { state.withLock { $0.lookups[index] = lookup } }
            throw error
        }
    }

    /// The first of a host's addresses that answers; each has its share of the time.
    private func connect(_ names: [SocketName], _ deadline: Int64, _ stop: StopFlag) throws(NetworkError) -> Int32 {
        var faults: [NetworkError] = []
        for (index, name) in names.enumerated() {
            let now = MonotonicClock.now
            do throws(NetworkError) {
                return try SocketDial.connect(to: name, until: now + max(0, deadline - now) / Int64(names.count - index), stop: stop)
            } catch {
                if error.code == .stopped { throw error }
                let place = names.count > 1 ? name.ip.map { "\($0.text): " } ?? "" : ""
                faults.append(NetworkError(error.code, place + error.message))
            }
        }
        guard let first = faults.first else { throw NetworkError(.unresolvable, "the name has no address") }
        throw NetworkError(first.code, faults.map(\.message).joined(separator: ", "))
    }

    private func prepare(_ socket: Int32) {
        var one: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        setting.keepAlive.apply(to: socket)
    }

    /// With TLS 1.3 our side is done with the handshake before the peer has looked at our certificate; its refusal comes a little later, and
    /// would else be met by the first bytes that are sent. Many peers say something when they consent too; those that do not cost this time.
    /// Where the peer has to answer anyway a refusal shows there as well.
    private func awaitRefusal(_ connection: DialedConnection, _ roundTripNs: Int64, _ stop: StopFlag) throws(NetworkError) {
        let patienceNs: Int64 = discardsInput ? 250_000_000 : 20_000_000
        let deadline = MonotonicClock.now + min(patienceNs + 2 * roundTripNs, 1_000_000_000)
        try connection.awaitRefusal(until: deadline, stop: stop)
    }

    private func warnOnce(_ address: NetworkAddress) {
        guard !setting.tls.verifies else { return }
        let isFirst = state.withLock { state in
            defer { state.hasWarned = true }
            return !state.hasWarned
        }
        if !isFirst { return }
        log.warning("\(address.text): `tls.verify` is false; whoever stands between can read and change what is sent")
    }
}
