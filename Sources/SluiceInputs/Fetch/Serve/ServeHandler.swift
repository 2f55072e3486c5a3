import Logging
import NIOCore
import SluiceComponent
import SluiceNetwork

/// One reader: takes its request, then sends it one file as long as that lasts.
///
/// One chunk is under way at a time; the next is read when the socket has taken it. So a slow reader costs one chunk, and behind the last one
/// the connection can be closed without losing any.
final class ServeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes of one read of a file.
    private static let chunkBytes = 128 << 10

    private let info: ConnectionInfo
    private let server: FileServer
    private var request: ServeRequest
    private var context: ChannelHandlerContext?
    private(set) var stream: ServedStream?
    private var pace: ServePace?
    private var watch: Int32?
    private var isSending = false
    private var isClosing = false
    private var bytesSent = 0
    private var reason: String?
    private var timer: Scheduled<Void>?
    private var timerNs = Int64.max
    private var log: Logger { server.log }
    private var peer: String { info.peer?.text ?? "" }

    init(_ info: ConnectionInfo, _ server: FileServer) {
        self.info = info
        self.server = server
        let files = server.files
        request = ServeRequest(token: server.setting.token) { files[$0] != nil }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelActive(context: ChannelHandlerContext) {
        // Who does not ask within the time limit is closed.
        info.isMidFrame = true
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        timer?.cancel()
        if let watch { server.watch.unwatch(watch) }
        server.left(self)
        if let stream {
            let why = reason.map { "the file \($0)" } ?? "the reader has gone"
            log.info(
                "\(info.peerText) was sent \(bytesSent) bytes of `\(stream.file.name)`, up to \(stream.offset) of inode \(stream.inode.number): \(why)"
            )
        }
        stream = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        switch request.received(unwrapInboundIn(data).readableBytesView) {
        case .incomplete: break
        case .asked(let request, let tellsSize): serve(request, tellsSize: tellsSize)
        case .refused(let reason, let isToken): refuse(reason, isToken: isToken)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: - The request

    private func serve(_ request: FetchRequest, tellsSize: Bool) {
        info.isMidFrame = false
        guard let file = server.files[request.file] else { return refuse("`\(request.file)` is not served here", isToken: false) }
        let time = server.time()
        var place = request.place
        if server.takeChange(of: request, peer: peer) { place?.offset = .max }
        // Names may change between listing and opening.
        for _ in 0..<8 {
            switch RotatedSet(of: file).choice(for: place, now: time, rotateWaitNs: server.setting.rotateWaitNs) {
            case .missing: return refuse("`\(request.file)` is not there, or cannot be read by the host", isToken: false)
            case .serve(let found, let offset, let isLost):
                guard let descriptor = RotatedSet.open(found, of: file) else { continue }
                return begin(file, found, descriptor, offset, isLost: isLost, place: request.place, tellsSize: tellsSize)
            }
        }
        refuse("`\(request.file)` is not there, or cannot be read by the host", isToken: false)
    }

    private func begin(
        _ file: ServedFile, _ found: RotatedFile, _ descriptor: Int32, _ offset: Int, isLost: Bool, place: FetchPlace?, tellsSize: Bool
    ) {
        let now = MonotonicClock.now
        let stream = ServedStream(
            file, found.inode, descriptor: descriptor, offset: offset, rotateWaitNs: server.setting.rotateWaitNs, now: now)
        self.stream = stream
        pace = ServePace(heartbeatNs: server.setting.heartbeatNs, now: now)
        watch = server.watch.watch(descriptor, found.inode)
        server.serves(self)
        let size = tellsSize ? found.size : nil
        let inode = found.inode.number
        if isLost, let place {
            log.warning("\(info.peerText) asks for `\(file.name)` at \(place.offset) of inode \(place.inode), which is not there any more")
        }
        log.info("\(info.peerText) reads `\(file.name)` from \(offset) of inode \(inode) (`\(found.path)`)")
        send(isLost ? .lost(inode: inode, size: size) : .ok(inode: inode, size: size))
    }

    private func refuse(_ reason: String, isToken: Bool) {
        info.isMidFrame = false
        log.warning("\(info.peerText) is refused: \(reason)")
        isClosing = true
        guard let context else { return }
        // Guessing tokens takes its time.
        let delay: TimeAmount = isToken ? .seconds(1) : .zero
        context.eventLoop.assumeIsolated().scheduleTask(in: delay) { [self] in
            guard let context = self.context else { return }
            let answer = FetchAnswer.refused(reason).text
            context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: answer))).assumeIsolated().whenComplete { _ in
                self.context?.close(promise: nil)
            }
        }
    }

    // MARK: - The file

    /// The file may have changed, or it is time for something.
    func look() {
        guard !isSending, !isClosing, let stream, let pace, context != nil else { return }
        let now = MonotonicClock.now
        switch pace.step(stream.look(now: now, time: server.time()), now: now) {
        case .send: sendChunk(stream)
        case .heartbeat:
            self.pace?.sentHeartbeat(now: now)
            send(bytes: [FetchProtocol.heartbeatByte])
        case .wait(let until): wake(at: until, now)
        case .close(let reason): close(reason)
        }
    }

    private func sendChunk(_ stream: ServedStream) {
        guard let context else { return }
        var buffer = context.channel.allocator.buffer(capacity: Self.chunkBytes)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.chunkBytes) { room in
            stream.read(into: UnsafeMutableRawBufferPointer(rebasing: room[..<Self.chunkBytes]))
        }
        let now = MonotonicClock.now
        let isMistakable = buffer.withUnsafeReadableBytes { pace?.isMistakable($0, now: now) ?? false }
        if isMistakable { return close(.mistakable) }
        // It was cut off between the look and the read: the next look says so.
        guard buffer.readableBytes > 0 else { return wake(at: now + 10_000_000, now) }
        buffer.withUnsafeReadableBytes { stream.pass($0) }
        bytesSent += buffer.readableBytes
        pace?.sent(now: now)
        send(buffer)
    }

    private func send(_ answer: FetchAnswer) { send(bytes: Array(answer.text.utf8)) }

    private func send(bytes: [UInt8]) {
        guard let context else { return }
        send(context.channel.allocator.buffer(bytes: bytes))
    }

    private func send(_ buffer: ByteBuffer) {
        guard let context else { return }
        isSending = true
        context.writeAndFlush(wrapOutboundOut(buffer)).assumeIsolated().whenComplete { [self] result in
            guard case .success = result, let context = self.context else { return }
            // Other readers have their turn first.
            context.eventLoop.assumeIsolated().execute { [self] in
                isSending = false
                look()
            }
        }
    }

    private func close(_ reason: ServePace.Reason) {
        if reason == .changed, let stream { server.noteChange(of: stream, peer: peer) }
        self.reason = reason.rawValue
        isClosing = true
        context?.close(promise: nil)
    }

    private func wake(at time: Int64, _ now: Int64) {
        // A later look comes anyway when the timer that stands goes off.
        if timerNs <= time, timerNs > now { return }
        timer?.cancel()
        timerNs = time
        timer = context?.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(max(1_000_000, time - now))) { [self] in
            timerNs = .max
            look()
        }
    }
}
