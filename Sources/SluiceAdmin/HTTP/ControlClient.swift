import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import SluiceComponent

/// Asks the running service through its control socket. Blocks; for the verbs of the command line.
package struct ControlClient: Sendable {
    /// What the service answered.
    package struct Answer: Sendable, Equatable {
        /// HTTP status.
        package let status: Int
        package let body: [UInt8]

        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Bytes of an answer that are kept; a longer one is a fault.
    static let answerBytesMax = 64 << 20

    private let path: String

    /// A client of the socket at `path`.
    package init(path: String) { self.path = path }

    /// Sends one request and waits for the whole answer.
    package func send(_ method: String, _ target: String, body: [UInt8] = [], nanosecondsMax: Int64) throws(AdminError) -> Answer {
        _ = try ControlSocket.address(of: path)
        let end = MonotonicClock.now + nanosecondsMax
        let outcome = Monitor<Result<Answer, AdminError>?>(nil)
        let finish: @Sendable (Result<Answer, AdminError>) -> Void = { result in outcome.notify { if $0 == nil { $0 = result } } }
        var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: target)
        head.headers = HTTPHeaders([("host", "localhost"), ("connection", "close"), ("content-length", String(body.count))])
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        ClientBootstrap(group: group)
            .connectTimeout(.nanoseconds(nanosecondsMax))
            .channelInitializer { [head, path] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(AnswerHandler(path: path, head: head, body: body, finish))
                }
            }
            .connect(unixDomainSocketPath: path)
            .whenFailure { [path] error in finish(.failure(Self.refusal(error, path))) }
        guard let result = outcome.wait(until: end, { $0 }) else {
            throw AdminError(
                .noAnswer,
                "the service at `\(path)` has not answered within \(HumanText.duration(nanosecondsMax)); try again, or see its log")
        }
        return try result.get()
    }

    private static func refusal(_ error: any Error, _ path: String) -> AdminError {
        let number = (error as? IOError)?.errnoCode
        switch number {
        case ENOENT, ENOTDIR: return AdminError(.notRunning, "the service is not running: no socket at `\(path)`")
        case ECONNREFUSED: return AdminError(.notRunning, "the service is not running: nobody listens at `\(path)`")
        case EACCES, EPERM:
            return AdminError(.notPermitted, "the control socket `\(path)` belongs to somebody else; run this as the user of the service")
        default:
            let reason = number.map { String(cString: strerror($0)) } ?? "\(error)"
            return AdminError(.noAnswer, "cannot reach the service at `\(path)`: \(reason)")
        }
    }
}

/// Sends a request as soon as the connection stands and collects the answer.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let path: String
    private let head: HTTPRequestHead
    private let request: [UInt8]
    private let finish: @Sendable (Result<ControlClient.Answer, AdminError>) -> Void
    private var status = 0
    private var body: [UInt8] = []

    init(
        path: String, head: HTTPRequestHead, body: [UInt8], _ finish: @escaping @Sendable (Result<ControlClient.Answer, AdminError>) -> Void
    ) {
        self.path = path
        self.head = head
        request = body
        self.finish = finish
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !request.isEmpty { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: request)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = Int(head.status.code)
        case .body(let bytes):
            guard body.count + bytes.readableBytes <= ControlClient.answerBytesMax else {
                fail("has sent more than \(HumanText.bytes(ControlClient.answerBytesMax))")
                return context.close(promise: nil)
            }
            body.append(contentsOf: bytes.readableBytesView)
        case .end:
            finish(.success(ControlClient.Answer(status: status, body: body)))
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("hung up before its answer was complete")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail("does not answer as Sluice does: \(error)")
        context.close(promise: nil)
    }

    private func fail(_ reason: String) {
        finish(.failure(AdminError(.noAnswer, "the service at `\(path)` \(reason)")))
    }
}
