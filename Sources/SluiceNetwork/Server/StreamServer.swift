package import Logging
package import NIOCore
import SluiceComponent

/// Listens on the stream addresses of a setting (`tcp`, `tls`, `unix`, and what of `systemd` is for streams) and grants connections what
/// the setting grants.
///
/// Everything happens on one event loop, also the calls of this type. A connection is checked against `allow` and the limits, gives its
/// PROXY header and does its TLS handshake where they are asked for; then `configure` adds the protocol's handlers to its pipeline, which
/// are told of `channelActive` behind that. Handlers may block the loop: time in which it does not run counts for nobody's silence.
///
/// `observe` is told of each connection's fate, for counters; the log lines are written here. Connections end without farewell when the
/// server closes them.
package final class StreamServer {
    let setting: ListenSetting
    let loop: any EventLoop
    let log: Logger
    let clock: SweepClock
    private let observe: (ConnectionEvent) -> Void
    let configure: (any Channel, ConnectionInfo) throws -> Void
    private var listeners: [Listener] = []
    private var connections: [ConnectionHandler] = []
    var table: ConnectionTable
    private var lastID: UInt64 = 0
    private let sweepNs: Int64
    private var isSweeping = false
    private var notices = NoticeRate()
    private(set) var contexts: TLSContextSource?
    private var emptied: EventLoopPromise<Void>?

    /// A server; opens nothing.
    package init(
        _ setting: ListenSetting, loop: any EventLoop, log: Logger, observe: @escaping (ConnectionEvent) -> Void,
        configure: @escaping (any Channel, ConnectionInfo) throws -> Void
    ) {
        self.setting = setting
        self.loop = loop
        self.log = log
        self.observe = observe
        self.configure = configure
        table = ConnectionTable(setting.limits)
        let shortest = [setting.limits.stallNs, setting.limits.idleNs, setting.tls?.handshakeNs].compactMap { $0 }.min() ?? 0
        sweepNs = min(max(shortest / 8, 5_000_000), 5_000_000_000)
        clock = SweepClock(intervalNs: sweepNs, at: MonotonicClock.now)
    }

    /// Reads the certificates, binds all addresses and accepts from now on. Either all can be had, or none stays.
    package func start() throws(NetworkError) {
        loop.preconditionInEventLoop()
        contexts = try setting.tls.map { tls throws(NetworkError) in try TLSContextSource(tls, log: log) }
        listeners = try ListeningSocket.bindAll(setting, log: log).map { socket in
            Listener(socket, loop: loop, log: log) { [weak self] channel, listener in self?.accept(channel, listener) ?? false }
        }
        if let lack = DescriptorLimit.makeRoom(forConnections: setting.limits.connectionsMax) { log.warning("\(lack)") }
        for listener in listeners {
            log.info("listening on \(listener.socket.address.text)")
            listener.open()
        }
    }

    /// Where it listens, with the ports that the system chose.
    package var addresses: [NetworkAddress] { listeners.map(\.socket.address) }

    /// How many connections are open.
    package var connectionCount: Int { connections.count }

    /// Closes the listening sockets; connections go on.
    package func stopAccepting() {
        for listener in listeners { listener.stop() }
    }

    /// Closes the listening sockets and every connection; done when the last one is gone.
    @discardableResult
    package func closeAll() -> EventLoopFuture<Void> {
        stopAccepting()
        if let emptied { return emptied.futureResult }
        let promise = loop.makePromise(of: Void.self)
        emptied = promise
        for connection in connections { connection.end(nil) }
        if connections.isEmpty { promise.succeed(()) }
        return promise.futureResult
    }

    /// Takes a connection in, at the end of the list.
    func open(_ info: ConnectionInfo) -> ConnectionHandler {
        let connection = ConnectionHandler(info, server: self)
        connection.index = connections.count
        connections.append(connection)
        if !isSweeping {
            isSweeping = true
            clock.skip(to: MonotonicClock.now)
            scheduleSweep()
        }
        return connection
    }

    /// The number of the next connection.
    func takeID() -> UInt64 {
        lastID += 1
        return lastID
    }

    /// A connection's handlers are gone.
    func closed(_ connection: ConnectionHandler) {
        let index = connection.index
        guard index < connections.count, connections[index] === connection else { return }
        connections.swapAt(index, connections.count - 1)
        connections[index].index = index
        connections.removeLast()
        table.release()
        if connection.isCountedForPeer { table.release(connection.info.peer) }
        tell(.closed, of: connection.info)
        if connections.isEmpty { emptied?.succeed(()) }
    }

    /// Counts what happened and writes it to the log.
    func tell(_ event: ConnectionEvent, of info: ConnectionInfo) {
        tell(event, peer: info.peerText, host: info.peer?.text ?? info.peerText, listener: info.listener)
    }

    /// Counts what happened and writes it to the log. `host` is the peer without a port, so that repetitions are seen to be some.
    func tell(
        _ event: ConnectionEvent, peer: @autoclosure () -> String, host: @autoclosure () -> String, listener: NetworkAddress
    ) {
        observe(event)
        switch event {
        case .accepted, .closed, .broken: log.debug("\(event.text(peer(), listener, setting))")
        case .refused, .handshakeFailed, .timedOut: warn(event.text(host(), listener, setting))
        }
    }

    private func warn(_ text: String) {
        let (isShown, hidden) = notices.take(at: MonotonicClock.now)
        if hidden > 0 { log.warning("\(hidden) more connections were refused or closed") }
        if isShown { log.warning("\(text)") }
    }

    private func scheduleSweep() {
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(sweepNs)) { self.sweep() }
    }

    /// Closes the connections that have been silent for too long.
    private func sweep() {
        let time = MonotonicClock.now
        clock.tick(at: time)
        for connection in connections {
            if let wait = overdue(connection) { connection.end(.timedOut(wait)) }
        }
        let hidden = notices.takeHidden(at: time)
        if hidden > 0 { log.warning("\(hidden) more connections were refused or closed") }
        isSweeping = !connections.isEmpty
        if isSweeping { scheduleSweep() }
    }

    private func overdue(_ connection: ConnectionHandler) -> ConnectionEvent.Wait? {
        let limits = setting.limits
        switch connection.phase {
        case .proxyHeader: return clock.now - connection.phaseBegan >= limits.stallNs ? .proxyHeader : nil
        case .handshake:
            return clock.now - connection.phaseBegan >= setting.tls?.handshakeNs ?? limits.stallNs ? .handshake : nil
        case .open:
            if connection.info.isHeldUp { return nil }
            if let opened = connection.info.frameOpenedAt, clock.now - opened >= limits.stallNs { return .frame }
            if let idle = limits.idleNs, clock.now - connection.info.heardAt >= idle { return .idle }
            return nil
        }
    }
}
