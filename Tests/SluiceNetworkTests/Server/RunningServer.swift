import Glibc
import Logging
import NIOCore
import SluiceComponent
import SluiceConfig
import SluiceNetwork

/// A server on a thread of its own, and what it saw. To every connection it says `hello`, and what comes it keeps by connection; a
/// connection is in the middle of a frame while its last byte is no LF.
final class RunningServer: Sendable {
    /// What is known of a connection when it begins.
    struct Peer: Sendable, Equatable {
        var peer: String?
        var port: Int?
        var credentials: PeerCredentials?
        var certificateNames: [String] = []
    }

    struct Seen: Sendable {
        var started: Result<[NetworkAddress], NetworkError>?
        var events: [ConnectionEvent] = []
        var peers: [UInt64: Peer] = [:]
        var received: [UInt64: String] = [:]
        var log: [String] = []
        var isOver = false
    }

    struct Refusal: Error {}

    let seen = Monitor(Seen())
    let stop = StopFlag()
    private let thread: WorkerThread

    /// Starts; `refusing` connections are ones that the protocol does not want.
    init(_ setting: ListenSetting, refusing: Bool = false) throws {
        let (seen, stop) = (seen, stop)
        thread = WorkerThread("test-server") {
            let keeper = LoopKeeper()
            do throws(NetworkError) {
                try EventLoopThread.run(
                    stop: stop,
                    start: { loop throws(NetworkError) in
                        let server = StreamServer(
                            setting, loop: loop, log: Logger(label: "test", factory: { _ in SeenLog(seen: seen) }),
                            observe: { event in seen.notify { $0.events.append(event) } },
                            configure: { channel, info in
                                if refusing { throw Refusal() }
                                try channel.pipeline.syncOperations.addHandler(SeenHandler(info, seen))
                            })
                        keeper.server = server
                        try server.start()
                        seen.notify { $0.started = .success(server.addresses) }
                    },
                    stopping: { keeper.server!.closeAll() })
            } catch {
                seen.notify { $0.started = .failure(error) }
            }
            seen.notify { $0.isOver = true }
        }
        let started: Result<[NetworkAddress], NetworkError>? = seen.wait(until: Self.deadline()) { $0.started }
        if case .failure(let error) = started {
            thread.join()
            throw error
        }
        guard started != nil else { throw Refusal() }
    }

    /// A server with options as they are written in configurations.
    convenience init(
        _ options: [(key: String, value: OptionValues.Value)], schemes: [NetworkAddress.Scheme] = [.tcp, .tls, .unix, .systemd],
        folder: String = "/", refusing: Bool = false
    ) throws {
        try self.init(try Self.setting(options, schemes: schemes, folder: folder), refusing: refusing)
    }

    /// Checked options.
    static func setting(
        _ options: [(key: String, value: OptionValues.Value)], schemes: [NetworkAddress.Scheme] = [.tcp, .tls, .unix, .systemd],
        folder: String = "/"
    ) throws(ConfigError) -> ListenSetting {
        let specs = ListenSetting.options(schemes: schemes, example: "tcp://127.0.0.1:601")
        return try ListenSetting(try OptionValues(options, of: specs, component: "test"), schemes: schemes, folder: folder, port: nil)
    }

    /// The group `tls` of these options.
    static func tls(_ options: [(key: String, value: OptionValues.Value)]) throws(ConfigError) -> OptionValues.Value {
        guard case .group(let specs) = TLSSetting.option.kind else { preconditionFailure("`tls` is no group") }
        return .group(try OptionValues(options, of: specs, component: "tls"))
    }

    /// Ends it; answers whether that took less than the time that a stop may take.
    @discardableResult
    func end() -> Bool {
        stop.set()
        let isOver: Bool? = seen.wait(until: Self.deadline()) { $0.isOver ? true : nil }
        if isOver == true { thread.join() }
        return isOver == true
    }

    /// Waits for something to be seen.
    func wait<Result>(_ body: (inout Seen) -> sending Result?) -> sending Result? { seen.wait(until: Self.deadline(), body) }

    /// Waits until an event was seen so often.
    func sees(_ event: ConnectionEvent, times: Int = 1) -> Bool {
        wait { $0.events.count { $0 == event } >= times ? true : nil } ?? false
    }

    /// Waits for a line of the log that holds a text.
    func says(_ text: String) -> Bool { wait { $0.log.contains { $0.contains(text) } ? true : nil } ?? false }

    /// Where it listens.
    var addresses: [NetworkAddress] {
        guard case .success(let addresses) = seen.withLock({ $0.started }) else { return [] }
        return addresses
    }

    var port: Int { addresses.compactMap(\.port).first ?? 0 }

    /// What happened so far.
    var events: [ConnectionEvent] { seen.withLock { $0.events } }

    static func deadline() -> Int64 { MonotonicClock.now + 20_000_000_000 }
}

/// Keeps the server for the closures that need it; touched on its loop only.
private final class LoopKeeper {
    var server: StreamServer?
}

private final class SeenHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let info: ConnectionInfo
    private let seen: Monitor<RunningServer.Seen>

    init(_ info: ConnectionInfo, _ seen: Monitor<RunningServer.Seen>) {
        self.info = info
        self.seen = seen
    }

    func channelActive(context: ChannelHandlerContext) {
        let peer = RunningServer.Peer(
            peer: info.peer?.text, port: info.port, credentials: info.credentials, certificateNames: info.certificateNames)
        let id = info.id
        seen.notify { $0.peers[id] = peer }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "hello\n")), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let text = String(buffer: unwrapInboundIn(data))
        let id = info.id
        if text.contains("\n") { info.frameEnded() }
        info.isMidFrame = !text.hasSuffix("\n")
        seen.notify { $0.received[id, default: ""] += text }
    }
}

/// Keeps lines as `level: message`.
struct SeenLog: LogHandler {
    let seen: Monitor<RunningServer.Seen>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = "\(event.level): \(event.message)"
        seen.notify { $0.log.append(line) }
    }
}
