import Logging

@testable import SluiceAdmin

/// A server on a fresh control socket, stopped at the end.
final class ServerFixture {
    let folder: TemporaryFolder
    let control: RecordedControl
    let server: AdminServer
    var path: String { folder.file("control.sock") }

    init(
        control: RecordedControl = RecordedControl(), limits: AdminLimits = AdminLimits(), isOnNetwork: Bool = false, token: String? = nil,
        routes: [AdminRoute] = []
    ) throws {
        folder = try TemporaryFolder()
        self.control = control
        var setting = AdminServer.Setting(controlPath: folder.file("control.sock"))
        setting.listen = isOnNetwork ? AdminAddress(host: "127.0.0.1", port: 0) : nil
        setting.token = token
        setting.limits = limits
        server = try AdminServer(
            setting, routes: AdminRoute.standard(control) + routes, log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    deinit { server.stop() }

    /// One request over the control socket.
    func send(_ method: String, _ target: String, body: String = "") throws -> ControlClient.Answer {
        try ControlClient(path: path).send(method, target, body: Array(body.utf8), nanosecondsMax: 10_000_000_000)
    }

    /// A peer of the control socket.
    func peer() -> RawPeer { RawPeer(path: path) }

    /// One request over the network with these header lines; status line and body.
    func get(_ target: String, method: String = "GET", _ header: String...) -> (status: String, body: String) {
        let peer = RawPeer(port: server.port!)
        let lines = ["\(method) \(target) HTTP/1.1", "Connection: close", "Content-Length: 0"] + header
        peer.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
        let answer = peer.readToEnd()
        let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1)
        return (String(answer.prefix { $0 != "\r\n" }), parts.count > 1 ? String(parts[1]) : "")
    }
}
