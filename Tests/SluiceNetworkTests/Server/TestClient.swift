import Glibc
import SluiceComponent
import SluiceNetwork

/// A client with a plain blocking socket. Every wait has a deadline.
final class TestClient {
    private(set) var descriptor: Int32
    private var held: [UInt8] = []

    /// Connects to a port of this machine.
    init(port: Int, host: String = "127.0.0.1") throws {
        let address = try ResolvedAddress.resolve(host: host, port: port, type: SOCK_STREAM)[0]
        descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
        guard address.withAddress({ connect(descriptor, $0, $1) }) == 0 else { throw failed() }
    }

    /// Connects to a Unix socket.
    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard var name = sockaddr_un(path: path), name.withAddress({ connect(descriptor, $0, $1) }) == 0 else { throw failed() }
    }

    deinit { close() }

    private func failed() -> NetworkError {
        let text = NetworkError.text(of: errno)
        close()
        return NetworkError(.system, text)
    }

    func send(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            sent += count
        }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// A line without its end; nil when the connection ends or nothing comes.
    func line() -> String? {
        while true {
            if let end = held.firstIndex(of: 0x0A) {
                defer { held.removeFirst(end + 1) }
                return String(decoding: held[..<end], as: UTF8.self)
            }
            guard let bytes = receive(), !bytes.isEmpty else { return nil }
            held += bytes
        }
    }

    /// Waits until the server has closed the connection.
    func isClosed() -> Bool {
        while let bytes = receive() { if bytes.isEmpty { return true } }
        return false
    }

    /// What comes next: nothing at the end or a reset, nil when the time is over.
    private func receive() -> [UInt8]? {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 20_000) == 1 else { return nil }
        var room = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &room, room.count, 0)
        return count > 0 ? Array(room[..<count]) : []
    }

    /// Ends what this side sends.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Ends the connection with a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }
}
