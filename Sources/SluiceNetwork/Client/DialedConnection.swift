import Glibc
package import NIOCore
import NIOPosix
import NIOSSL
package import SluiceComponent

/// A connection that was made to somebody: TCP, TLS or a Unix stream. It belongs to one thread, whose calls wait; the event loop behind
/// it reads and writes the socket, so that its end is seen also while the owner does other things.
///
/// Memory is bounded both ways: `write` waits while the peer takes nothing, and nothing is read from the socket while the owner does not
/// read.
package final class DialedConnection: @unchecked Sendable {
    // SAFETY: what changes lies in `traffic` under its lock, or on the event loop.

    /// Where it goes.
    package let address: NetworkAddress
    /// Place of the address among those of the dialer.
    package let index: Int
    private let traffic: ConnectionTraffic
    private let handler: TrafficHandler
    private let loop: any EventLoop
    private let writeTimeoutNs: Int64

    /// Takes a connected socket over, which it closes also when it throws.
    init(
        _ descriptor: Int32, to address: NetworkAddress, _ index: Int, tls: TLS?,
        discardsInput: Bool, writeTimeoutNs: Int64, until deadline: Int64, stop: StopFlag
    ) throws(NetworkError) {
        self.address = address
        self.index = index
        self.writeTimeoutNs = writeTimeoutNs
        let traffic = ConnectionTraffic(discardsInput: discardsInput)
        self.traffic = traffic
        let loop = ClientLoop.loop
        self.loop = loop
        let parts = Parts(traffic, tls)
        handler = parts.handler
        let bootstrap = ClientBootstrap(group: loop)
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 512 << 10))
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try parts.add(to: channel) } }
        bootstrap.withConnectedSocket(descriptor).whenFailure { error in
            traffic.failed(TrafficHandler.fault(error))
            traffic.over()
        }
        let late = tls == nil ? "no answer in time" : "no answer to the TLS handshake in time; the peer may not speak TLS on this port"
        try settle(until: deadline, late: late, stop) { traffic throws(NetworkError) in try traffic.lookForOpening() }
    }

    deinit { end(isAborted: true) }

    /// TLS of a connection: the name that goes along with the greeting (none for addresses), and what messages say of the trust.
    struct TLS: Sendable {
        let context: NIOSSLContext
        let serverName: String?
        let trust: DialTrust
    }

    /// What is put into the channel, on its loop.
    private struct Parts: @unchecked Sendable {
        // SAFETY: the handlers are made here and from then on used on the loop only.
        let watch: SocketWatch
        let handler: TrafficHandler
        let tls: TLS?

        init(_ traffic: ConnectionTraffic, _ tls: TLS?) {
            watch = SocketWatch(traffic)
            handler = TrafficHandler(traffic, watch, trust: tls?.trust)
            self.tls = tls
        }

        func add(to channel: any Channel) throws {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(watch)
            if let tls {
                let handler = try NIOSSLClientHandler(context: tls.context, serverHostname: tls.serverName)
                try pipeline.addHandler(handler)
                self.handler.tls = handler
            }
            try pipeline.addHandler(handler)
        }
    }

    // MARK: - Sending

    /// Gives bytes to be sent; waits while the peer does not take those before them.
    package func write(_ bytes: UnsafeRawBufferPointer, stop: StopFlag) throws(NetworkError) {
        try write(ByteBuffer(bytes: bytes), stop: stop)
    }

    /// As ``write(_:stop:)``, without copying.
    package func write(_ bytes: ByteBuffer, stop: StopFlag) throws(NetworkError) {
        guard bytes.readableBytes > 0 else { return }
        let wakes = try settle(progress: writeTimeoutNs, stop) { traffic throws(NetworkError) in try traffic.offer(bytes) }
        if wakes { loop.execute { [handler] in handler.drain() } }
    }

    /// Waits until the peer has everything: its TCP has acknowledged it, or (Unix) it has been read.
    package func flush(stop: StopFlag) throws(NetworkError) {
        if case .value = try traffic.lookForConfirmation() { return }
        loop.execute { [handler] in handler.ask() }
        try settle(progress: writeTimeoutNs, stop) { traffic throws(NetworkError) in try traffic.lookForConfirmation() }
    }

    // MARK: - Receiving

    /// Received bytes, at most `bytesMax`; waits for some until `deadline` of the monotonic clock. Nil: there were none; empty: the peer has
    /// closed and everything was read.
    /// `isChunk`: no more than one read of the socket has brought, for protocols in which it matters what came together.
    package func read(
        upTo bytesMax: Int, until deadline: Int64, stop: StopFlag, isChunk: Bool = false
    ) throws(NetworkError) -> [UInt8]? {
        while true {
            switch try traffic.lookForInput(bytesMax: bytesMax, isChunk: isChunk) {
            case .value(let input):
                if input.resumes { loop.execute { [handler] in handler.resumeReading() } }
                return input.bytes
            case .wait: break
            }
            switch rest(until: deadline, stop) {
            case .ready: continue
            case .late: return nil
            case .stopped: throw NetworkError(.stopped, "the program is to end")
            }
        }
    }

    // MARK: - The end

    /// Whether bytes can be sent: false as soon as the peer has closed or reset the connection, or it was closed here.
    package var isOpen: Bool { traffic.isOpen }

    /// Ends the connection in order, without waiting for it: our direction, then the peer's. Bytes that were not flushed may be lost.
    package func close() { end(isAborted: false) }

    /// Ends it at once, as after an error.
    package func abort() { end(isAborted: true) }

    /// How a connection has ended that is no longer open; waits for its last moment, which comes soon, until `deadline`.
    package func awaitEnd(until deadline: Int64, stop: StopFlag) -> ConnectionEnd {
        while true {
            if case .value(let end) = traffic.lookForEnd() { return end }
            switch rest(until: deadline, stop) {
            case .ready: continue
            case .late, .stopped: return .broken(NetworkError(.timedOut, "the peer did not end the connection in time"))
            }
        }
    }

    /// Throws what the peer objects to by `deadline`, if it does; returns as soon as it is known not to.
    func awaitRefusal(until deadline: Int64, stop: StopFlag) throws(NetworkError) {
        while true {
            do throws(NetworkError) {
                if try traffic.lookForRefusal() { return }
            } catch {
                abort()
                throw error
            }
            switch rest(until: deadline, stop) {
            case .ready: continue
            case .late: return
            case .stopped: throw NetworkError(.stopped, "the program is to end")
            }
        }
    }

    private func end(isAborted: Bool) { loop.execute { [handler] in handler.end(isAborted: isAborted) } }

    // MARK: - Waiting

    private func rest(until deadline: Int64?, _ stop: StopFlag) -> Waiting.End {
        let end = Waiting.wait(for: traffic.bell.descriptor, Int16(POLLIN), until: deadline, stop: stop)
        if end == .ready { traffic.bell.clear() }
        return end
    }

    private func settle<Value>(
        until deadline: Int64, late: String, _ stop: StopFlag,
        _ look: (ConnectionTraffic) throws(NetworkError) -> ConnectionTraffic.Look<Value>
    ) throws(NetworkError) -> Value {
        while true {
            do throws(NetworkError) {
                if case .value(let value) = try look(traffic) { return value }
            } catch {
                abort()
                throw error
            }
            switch rest(until: deadline, stop) {
            case .ready: continue
            case .late: throw given(up: NetworkError(.timedOut, late))
            case .stopped: throw given(up: NetworkError(.stopped, "the program is to end"))
            }
        }
    }

    /// Waits as long as bytes move.
    private func settle<Value>(
        progress timeoutNs: Int64, _ stop: StopFlag, _ look: (ConnectionTraffic) throws(NetworkError) -> ConnectionTraffic.Look<Value>
    ) throws(NetworkError) -> Value {
        let begin = MonotonicClock.now
        while true {
            let lastProgress: Int64
            switch try look(traffic) {
            case .value(let value): return value
            case .wait(let moment): lastProgress = max(moment, begin)
            }
            switch rest(until: lastProgress + timeoutNs, stop) {
            case .ready: continue
            case .stopped: throw NetworkError(.stopped, "`\(address.text)` takes nothing and the program is to end")
            case .late:
                if case .value(let value) = try look(traffic) { return value }
                throw given(
                    up: NetworkError(.timedOut, "the peer has taken nothing for `write_timeout`; the connection is given up"))
            }
        }
    }

    /// Ends the connection because of a fault of our own.
    private func given(up fault: NetworkError) -> NetworkError {
        traffic.failed(fault)
        abort()
        return fault
    }
}
