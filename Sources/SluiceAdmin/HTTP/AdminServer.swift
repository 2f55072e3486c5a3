import Glibc
package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import SluiceComponent
import Synchronization

/// Answers people and programs about the running service: on the Unix socket `data_dir/control.sock` everything, and on
/// `admin.listen`, when there is one, what only looks.
///
/// One event loop thread moves bytes; what a handler does happens on threads of a small pool, so that a reload of a minute keeps
/// nobody from `/healthz`. A fault of one connection ends that connection.
package final class AdminServer: Sendable {
    /// Where to listen.
    package struct Setting: Sendable {
        /// Path of the control socket: `data_dir` and `control.sock`, absolute or relative to the working directory.
        package let controlPath: String
        /// `admin.listen`; nil when it is off.
        package var listen: AdminAddress?
        /// `admin.token`, already read from its file; needed beyond loopback.
        package var token: String?
        package var limits = AdminLimits()

        /// A server on the control socket alone.
        package init(controlPath: String) { self.controlPath = controlPath }
    }

    private let group: MultiThreadedEventLoopGroup
    private let lifetime: ServerLifetime
    private let pool: HandlerPool
    private let streams: OpenStreams
    private let socket: Mutex<ControlSocket?>
    /// Port of `admin.listen` as the system gave it; nil when it is off.
    package let port: Int?

    /// Binds the sockets and answers from now on.
    package init(_ setting: Setting, routes: [AdminRoute], log: Logger) throws(AdminError) {
        let networkGuard = try setting.listen.map { address throws(AdminError) in
            try NetworkGuard(token: setting.token, address: address)
        }
        let socket = try ControlSocket(path: setting.controlPath)
        let descriptor = socket.takeDescriptor()
        let group = Self.makeGroup()
        let lifetime = ServerLifetime(group.next())
        let pool = HandlerPool(threadsMax: setting.limits.handlersMax, waitingMax: setting.limits.requestsWaitingMax)
        let streams = OpenStreams()
        func bootstrap(_ networkGuard: NetworkGuard?) -> ServerBootstrap {
            Self.bootstrap(
                group,
                ConnectionHandler.Service(
                    routes: AdminRoutes(routes), limits: setting.limits, pool: pool, streams: streams, lifetime: lifetime,
                    networkGuard: networkGuard))
        }
        do {
            _ = try bootstrap(nil).withBoundSocket(descriptor).wait()
            if let address = setting.listen {
                let channel = try bootstrap(networkGuard).bind(host: address.host, port: address.port).wait()
                port = channel.localAddress?.port
            } else {
                port = nil
            }
        } catch {
            try? group.syncShutdownGracefully()
            throw Self.refusal(error, listen: setting.listen.map { "\($0.host) port \($0.port)" } ?? setting.controlPath)
        }
        self.group = group
        self.lifetime = lifetime
        self.pool = pool
        self.streams = streams
        self.socket = Mutex(socket)
        if let port, let address = setting.listen { log.info("metrics and health are answered on \(address.host) port \(port)") }
    }

    /// Lets handlers finish for a moment, hangs up and removes the control socket. Not from a handler; a second call does nothing.
    package func stop() {
        streams.endAll()
        pool.close(deadline: MonotonicClock.now + Self.stopNanosecondsMax)
        // What was answered just now was posted to the loop: behind it everything has been written that the kernel takes.
        let posted = Monitor(false)
        if lifetime.execute({ posted.notify { $0 = true } }) { _ = posted.wait { $0 ? true : nil } }
        guard lifetime.end() else { return }
        try? group.syncShutdownGracefully()
        socket.withLock { $0 = nil }
    }

    /// One thread, which inherits a mask without signals: those are the main thread's.
    private static func makeGroup() -> MultiThreadedEventLoopGroup {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    private static let stopNanosecondsMax: Int64 = 2_000_000_000

    private static func bootstrap(_ group: MultiThreadedEventLoopGroup, _ service: ConnectionHandler.Service) -> ServerBootstrap {
        let connections = ConnectionCount()
        let limits = service.limits
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderListSize = limits.headerBytesMax
        decoderLimits.maxHeaderFieldSize = limits.headerBytesMax
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [decoderLimits] channel in
                guard connections.begin(limits.connectionsMax) else { return channel.close() }
                channel.closeFuture.whenComplete { _ in connections.end() }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: false, withEncoderConfiguration: .init(),
                        withDecoderLimitConfiguration: decoderLimits)
                    try channel.pipeline.syncOperations.addHandler(ConnectionHandler(service))
                }
            }
            .childChannelOption(.maxMessagesPerRead, value: 1)
    }

    private static func refusal(_ error: any Error, listen: String) -> AdminError {
        guard let error = error as? IOError else { return AdminError(.cannotListen, "cannot listen on `\(listen)`: \(error)") }
        let reason = String(cString: strerror(error.errnoCode))
        switch error.errnoCode {
        case EADDRINUSE: return AdminError(.inUse, "cannot listen on `\(listen)`: another program does already")
        case EACCES, EPERM: return AdminError(.notPermitted, "cannot listen on `\(listen)`: \(reason)")
        default: return AdminError(.cannotListen, "cannot listen on `\(listen)`: \(reason)")
        }
    }
}
