import Glibc

/// The far end of connections in tests: listens on loopback and does what a test tells it to do with each connection.
package final class LoopbackPeer: Sendable {
    /// One accepted connection, used by the test's thread.
    package struct Connection: Sendable {
        package let descriptor: Int32

        /// Reads until so many bytes have come, the other side has ended, or ten seconds have passed.
        package func read(_ count: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            var used = 0
            while used < count {
                let more = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + used, count - used, 0) }
                guard more > 0 else { break }
                used += more
            }
            return Array(bytes[..<used])
        }

        /// Everything until the other side ends.
        package func readAll() -> [UInt8] {
            var all: [UInt8] = []
            while true {
                let more = readSome()
                if more.isEmpty { return all }
                all += more
            }
        }

        /// Everything until the other side ends; then it is closed here too.
        package func readToEnd() -> [UInt8] {
            defer { close() }
            return readAll()
        }

        /// What there is, at least one byte; empty at the end.
        package func readSome() -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: 64 << 10)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            return Array(bytes.prefix(max(0, count)))
        }

        /// Sends bytes.
        package func write(_ text: String) {
            _ = Array(text.utf8).withUnsafeBytes { send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
        }

        /// Says that nothing more will be sent.
        package func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

        /// Closes in order, or with a reset when something was not read.
        package func close() { Glibc.close(descriptor) }

        /// Closes with a reset.
        package func reset() {
            var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
            close()
        }
    }

    /// As configurations write it.
    package let address: String
    /// 0 for a Unix socket.
    package let port: Int
    private let descriptor: Int32

    /// Listens on a port of 127.0.0.1 that the system chooses, or on `port`.
    package init(port: Int = 0, receiveBytes: Int32? = nil) {
        let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var one: Int32 = 1
        setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        if var receiveBytes { setsockopt(listening, SOL_SOCKET, SO_RCVBUF, &receiveBytes, 4) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = UInt16(port).bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &name) { name in
            name.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                bind(listening, name, length) == 0 && listen(listening, 64) == 0 && getsockname(listening, name, &length) == 0
            }
        }
        precondition(bound, "no port on loopback: \(String(cString: strerror(errno)))")
        self.port = Int(UInt16(bigEndian: name.sin_port))
        address = "tcp://127.0.0.1:\(self.port)"
        limit(listening)
        descriptor = listening
    }

    /// Listens on a Unix stream socket.
    package init(path: String) {
        let listening = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &name) { name in
            name.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                bind(listening, name, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && listen(listening, 64) == 0
            }
        }
        precondition(bound, "no socket at \(path)")
        address = "unix:\(path)"
        port = 0
        limit(listening)
        descriptor = listening
    }

    deinit { Glibc.close(descriptor) }

    /// Waits for a connection, ten seconds at most. When nobody comes that is said, and what the caller reads is empty.
    package func accept(file: String = #fileID, line: Int = #line) -> Connection {
        let accepted = Glibc.accept(descriptor, nil, nil)
        if accepted < 0 {
            let reason = String(cString: strerror(errno))
            let words = "\(file):\(line): nobody connected to \(address): \(reason)\n"
            _ = words.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        }
        limit(accepted)
        return Connection(descriptor: accepted)
    }
}

/// No call on the socket takes longer than ten seconds.
private func limit(_ descriptor: Int32) {
    var time = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
}
