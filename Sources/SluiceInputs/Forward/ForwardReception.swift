import NIOCore
import SluiceComponent
import SluiceNetwork

/// All connections of a `forward` input on their event loop: the server, and what its connections share.
final class ForwardReception: LoopReception {
    private let setting: ForwardSetting
    private let session: any InputSession
    private let loop: any EventLoop
    private let intake: ForwardIntake
    private let server: StreamServer

    /// A reception that does not listen yet.
    init(_ setting: ForwardSetting, session: any InputSession, loop: any EventLoop) {
        self.setting = setting
        self.session = session
        self.loop = loop
        let intake = ForwardIntake(setting, session: session, loop: loop)
        self.intake = intake
        server = StreamServer(
            setting.listen, loop: loop, log: session.log, observe: { event in event.count(session.count) },
            configure: { channel, info in
                try channel.pipeline.syncOperations.addHandler(ForwardConnection(info, intake))
            })
    }

    func start() throws(NetworkError) {
        try server.start()
        session.count(.opened, server.addresses.count)
        if setting.answersHeartbeats {
            ForwardHeartbeat.start(beside: server.addresses, setting.listen.access, on: loop, log: session.log)
        }
    }

    func stop() -> EventLoopFuture<Void> {
        server.stopAccepting()
        return intake.stop(hasConnections: server.connectionCount > 0) { [server] in server.closeAll() }
    }

    func close() { intake.end() }
}
