import Glibc
import NIOCore

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
        connection.isCountedForPeer = true
        tell(.accepted, of: info)
        do {
            if let options = channel.syncOptions {
                try options.setOption(.maxMessagesPerRead, value: 1)
                try options.setOption(.recvAllocator, value: ReceiveBuffers())
            }
            try channel.pipeline.syncOperations.addHandler(connection)
            try configure(channel, info)
            return true
        } catch {
            connection.tell(.broken("\(error)"))
            closed(connection)
            return false
        }
    }

    /// Admits the connection of a peer, or says why not.
    private func refusal(of peer: IPAddress?, isUnix: Bool) -> ConnectionEvent.Refusal? {
        // A connection that was reset before it was accepted has no address any more.
        guard setting.access.allows(peer), isUnix || peer != nil || setting.access.isEmpty else { return .notAllowed }
        if let refusal = table.admit() { return refusal }
        if let refusal = table.admit(peer) {
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
