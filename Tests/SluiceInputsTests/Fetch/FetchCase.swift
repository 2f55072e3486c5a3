import CSluice
import Foundation
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceNetwork
import Testing

@testable import SluiceInputs

/// A folder of files, a host that serves them and a fetch input that reads from it.
final class FetchCase: InputCase {
    private var host: RunningHost?
    private(set) var port = 0

    deinit {
        running?.stop()
        host?.stop()
    }

    /// Starts the host; again on the same port.
    func serve(
        _ files: [String] = ["log"], heartbeat: Int64 = 60_000_000_000, rotateWait: Int64 = 50_000_000, token: String? = nil,
        allow: [String] = []
    ) throws {
        let address = NetworkAddress.tcp(host: "127.0.0.1", port: port)
        let listen = ListenSetting(addresses: [address], access: try AccessList(allow, key: "allow"))
        var setting = FileServerSetting(files: try files.map { try ServedFile($0, folder: folder.path) }, listen: listen)
        setting.heartbeatNs = heartbeat
        setting.rotateWaitNs = rotateWait
        setting.token = token
        host = RunningHost(setting)
        port = try host!.awaitPort()
    }

    /// Ends the host and every connection.
    func stopServing() {
        host?.stop()
        host = nil
    }

    /// Starts the input on `log`, or as `options` say.
    @discardableResult
    func start(
        _ options: [(key: String, value: OptionValues.Value)] = [], after other: TestSession? = nil, isRecovering: Bool = false,
        text: @escaping @Sendable (borrowing EventBatch, UnsafeMutablePointer<sl_event>) -> String = InputCase.message
    ) throws -> TestSession {
        let values: [(key: String, value: OptionValues.Value)] = [
            ("hosts", .text("tcp://127.0.0.1:\(port)")), ("files", .text("log")), ("format", .text("plain")),
            ("reconnect_initial", .text("20ms")), ("reconnect_max", .text("100ms")),
        ]
        return try start("fetch", values, options, after: other, isRecovering: isRecovering, text: text)
    }

    func remove(_ name: String) { precondition(unlink(path(name)) == 0) }

    func truncate(_ name: String) { precondition(Foundation.truncate(path(name), 0) == 0) }
}

/// A host on a thread of its own.
final class RunningHost: Sendable {
    private struct State {
        var port: Int?
        var error: NetworkError?
        var thread: WorkerThread?
    }

    private let end = StopFlag()
    private let state = Monitor(State())

    init(_ setting: FileServerSetting) {
        let (end, state) = (end, state)
        let thread = WorkerThread("test-host") {
            let server = FileServer(setting, log: TestSession().log, time: { Self.time })
            do throws(NetworkError) {
                try server.run(stop: end) { addresses in state.notify { $0.port = addresses.first?.port } }
            } catch {
                state.notify { $0.error = error }
            }
        }
        state.withLock { $0.thread = thread }
    }

    /// The port, once it is bound.
    func awaitPort() throws -> Int {
        let state: State? = state.wait(until: MonotonicClock.now + 30_000_000_000) { $0.port != nil || $0.error != nil ? $0 : nil }
        if let error = state?.error { throw error }
        return try #require(state?.port)
    }

    /// Ends it.
    func stop() {
        end.set()
        let thread = state.withLock { state in
            defer { state.thread = nil }
            return state.thread
        }
        thread?.join()
    }

    private static var time: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }
}
