import Logging
import SluiceComponent
import SluiceNetwork

/// A sender of the tests' own on a Unix socket: the protocol's machine and a connection, driven by hand.
final class TestSender {
    private(set) var machine: TransferSender
    private let dialer: Dialer
    private let stop = StopFlag()
    private var connection: DialedConnection?
    /// What the receiver said last when it hung up.
    private(set) var fault: TransferError?

    init(_ path: String, token: String = "", compression: TransferCompression = .gzip) {
        machine = TransferSender(name: "test", token: token, compression: compression)
        dialer = Dialer(
            DialSetting(addresses: [.unix(path: path)]), log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    deinit { connection?.abort() }

    var isSettled: Bool { machine.isSettled }

    /// One frame of events with these messages.
    func give(_ messages: String...) {
        packed(messages: messages).withUnsafeBytes { machine.add($0, events: messages.count) }
    }

    /// One frame of any payload.
    func give(payload: [UInt8], events: Int) { payload.withUnsafeBytes { machine.add($0, events: events) } }

    /// Connects, says hello and waits for the welcome; tries again while nobody listens yet.
    func connect() throws {
        let deadline = MonotonicClock.now + 20_000_000_000
        while connection == nil {
            do throws(NetworkError) {
                connection = try dialer.connect(stop: stop)
            } catch {
                guard MonotonicClock.now < deadline else { throw error }
                _ = stop.wait(nanoseconds: 5_000_000)
            }
        }
        try send(machine.connected())
        _ = try hear { $0.isOpen }
    }

    /// The next frame for this connection.
    func nextFrame() throws(TransferError) -> [UInt8]? { try machine.nextFrame() }

    /// Sends what was not sent on this connection.
    func sendFrames() throws {
        while let frame = try machine.nextFrame() { try send(frame) }
    }

    func send(_ bytes: [UInt8]) throws(NetworkError) {
        if let connection { try Self.send(bytes, on: connection) }
    }

    /// Sends bytes on a connection of any protocol.
    static func send(_ bytes: [UInt8], on connection: DialedConnection) throws(NetworkError) {
        var fault: NetworkError?
        let stop = StopFlag()
        bytes.withUnsafeBytes { bytes in
            do throws(NetworkError) { try connection.write(bytes, stop: stop) } catch { fault = error }
        }
        if let fault { throw fault }
    }

    /// Waits until everything is acknowledged; false after some seconds, or when the receiver has hung up.
    func settle() throws -> Bool { try hear { $0.isSettled } }

    /// Takes what comes until a condition holds.
    func hear(seconds: Int64 = 20, _ condition: (TransferSender) -> Bool) throws -> Bool {
        let deadline = MonotonicClock.now + seconds * 1_000_000_000
        while !condition(machine) {
            guard let bytes = try connection?.read(upTo: 1 << 16, until: deadline, stop: stop), !bytes.isEmpty else { return false }
            do throws(TransferError) { try machine.received(bytes) } catch {
                fault = error
                return false
            }
        }
        return true
    }

    /// Waits until the receiver has hung up.
    func awaitEnd() -> Bool {
        let deadline = MonotonicClock.now + 20_000_000_000
        while MonotonicClock.now < deadline {
            guard let connection, let bytes = try? connection.read(upTo: 1 << 16, until: deadline, stop: stop), !bytes.isEmpty else {
                return true
            }
            do throws(TransferError) { try machine.received(bytes) } catch { fault = error }
        }
        return false
    }

    /// Breaks the connection off, in the middle of whatever it is.
    func cut() {
        connection?.abort()
        connection = nil
        machine.disconnected()
    }

    /// Everything at once.
    func deliver() throws -> Bool {
        if connection == nil { try connect() }
        try sendFrames()
        return try settle()
    }
}
