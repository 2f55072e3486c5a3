import Glibc
import NIOCore
import NIOSSL
import SluiceComponent

extension StreamServer {
    /// Takes a connection in; false when it is not wanted.
    func accept(_ channel: any Channel, _ listener: Listener) -> Bool {
        let socket = listener.socket
        let (peer, port) = Self.peer(channel.remoteAddress)
        if let refusal = refusal(of: peer, isUnix: socket.isUnix) {
            let host = peer?.text ?? (socket.isUnix ? "a local process" : "an unknown peer")
            tell(.refused(refusal), peer: host, host: host, listener: socket.address)
            return false
        }
        let info = ConnectionInfo(
            id: takeID(), peer: peer, port: port, credentials: socket.isUnix ? Self.credentials(channel) : nil, listener: socket.address,
            clock: clock)
        let connection = open(info)
        connection.isCountedForPeer = !setting.isBehindProxy
        tell(.accepted, of: info)
        do {
            if let options = channel.syncOptions {
                try options.setOption(.maxMessagesPerRead, value: 1)
                try options.setOption(.recvAllocator, value: ReceiveBuffers())
            }
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(connection)
            if setting.isBehindProxy {
                connection.enter(.proxyHeader, at: clock.coming)
                try pipeline.addHandler(ProxyHandler(self, connection, isTLS: socket.isTLS))
            } else if socket.isTLS {
                try addTLS(pipeline, connection)
            } else {
                try configure(channel, info)
            }
            return true
        } catch {
            connection.tell(.broken("\(error)"))
            closed(connection)
            return false
        }
    }

    /// A proxy has said whose connection it is; false when that peer has too many, and the connection is closed.
    func identified(_ connection: ConnectionHandler, _ source: ProxyHeader.Source) -> Bool {
        if case .address(let peer, let port) = source {
            connection.info.peer = peer
            connection.info.port = port
        }
        if let refusal = table.admit(connection.info.peer) {
            connection.end(.refused(refusal))
            return false
        }
        connection.isCountedForPeer = true
        return true
    }

    /// Goes on with a connection whose PROXY header was read by the handler of `context`: to TLS, or to the protocol.
    func proceed(_ connection: ConnectionHandler, _ context: ChannelHandlerContext, isTLS: Bool) -> Bool {
        guard isTLS else { return begin(connection, context) }
        do {
            try addTLS(context.pipeline.syncOperations, connection)
            return true
        } catch {
            connection.end(.broken("\(error)"))
            return false
        }
    }

    /// Hands a connection to the protocol, behind the handler of `context`; false when that failed, and the connection is closed.
    func begin(_ connection: ConnectionHandler, _ context: ChannelHandlerContext) -> Bool {
        connection.enter(.open, at: clock.coming)
        do {
            try configure(context.channel, connection.info)
        } catch {
            connection.end(.broken("\(error)"))
            return false
        }
        context.fireChannelActive()
        return true
    }

    private func addTLS(_ pipeline: ChannelPipeline.SynchronousOperations, _ connection: ConnectionHandler) throws {
        guard let contexts else { preconditionFailure("a TLS address without certificate") }
        let handler = NIOSSLServerHandler(context: contexts.current(at: MonotonicClock.now))
        connection.enter(.handshake, at: clock.coming)
        try pipeline.addHandlers(handler, TLSGate(self, connection, handler))
    }

    /// Admits the connection of a peer, or says why not. Behind a proxy its own address counts for `allow` only.
    private func refusal(of peer: IPAddress?, isUnix: Bool) -> ConnectionEvent.Refusal? {
        // A connection that was reset before it was accepted has no address any more.
        guard setting.access.allows(peer), isUnix || peer != nil || setting.access.isEmpty else { return .notAllowed }
        if let refusal = table.admit() { return refusal }
        if !setting.isBehindProxy, let refusal = table.admit(peer) {
            table.release()
            return refusal
        }
        return nil
    }

    private static func peer(_ address: SocketAddress?) -> (IPAddress?, Int?) {
        guard let address, address.protocol != .unix else { return (nil, nil) }
        return (address.withSockAddr { pointer, _ in IPAddress(pointer) }, address.port)
    }

    /// What `SO_PEERCRED` gives: `struct ucred`.
    private struct Credentials: Sendable {
        var process: Int32 = 0
        var user: UInt32 = 0
        var group: UInt32 = 0
    }

    private static func credentials(_ channel: any Channel) -> PeerCredentials? {
        guard let options = channel as? any SocketOptionProvider else { return nil }
        let asked: EventLoopFuture<Credentials> = options.unsafeGetSocketOption(
            level: NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET), name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        var found: PeerCredentials?
        // On the loop the answer is there at once.
        asked.assumeIsolated().whenSuccess {
            found = PeerCredentials(process: $0.process, user: $0.user, group: $0.group)
        }
        return found
    }
}
