import Glibc
import Logging
import NIOCore
import NIOPosix
import SluiceComponent

/// A listening socket on the loop.
///
/// The channel works on a copy of the descriptor: when an error ends it (some that accept(2) reports mean one connection, and NIO closes
/// the channel all the same), the socket goes on collecting connections, and another channel is opened for it.
final class Listener {
    let socket: ListeningSocket
    let log: Logger
    private let loop: any EventLoop
    private let accept: (any Channel, Listener) -> Bool
    private var channel: (any Channel)?
    private var isStopped = false
    private var pause = AcceptPause()

    init(_ socket: ListeningSocket, loop: any EventLoop, log: Logger, accept: @escaping (any Channel, Listener) -> Bool) {
        self.socket = socket
        self.loop = loop
        self.log = log
        self.accept = accept
    }

    /// Takes connections from now on.
    func open() {
        guard !isStopped else { return }
        let copy = fcntl(socket.descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return failed(NetworkError.text(of: errno)) }
        let handler = NIOLoopBound(AcceptHandler(self), eventLoop: loop)
        let opening = ServerBootstrap(group: loop)
            .serverChannelOption(.maxMessagesPerRead, value: 16)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
            }
            .withBoundSocket(copy)
        opening.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                // NIO has shortened the queue.
                _ = Glibc.listen(self.socket.descriptor, ListeningSocket.backlogMax)
                self.channel = channel
                if self.isStopped { channel.close(promise: nil) }
            case .failure(let error): self.failed("\(error)")
            }
        }
    }

    /// Whether the server wants a connection.
    func accepted(_ channel: any Channel) -> Bool {
        _ = pause.succeeded()
        return !isStopped && accept(channel, self)
    }

    /// The channel is over.
    func closed() {
        channel = nil
        if !isStopped { failed("the socket reported an error") }
    }

    /// Closes the socket and removes its file.
    func stop() {
        guard !isStopped else { return }
        isStopped = true
        channel?.close(promise: nil)
        socket.remove()
    }

    private func failed(_ reason: String) {
        let (milliseconds, isNews) = pause.failed()
        if isNews { log.error("\(socket.address.text) cannot accept connections: \(reason); it is tried again") }
        loop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) { self.open() }
    }
}
