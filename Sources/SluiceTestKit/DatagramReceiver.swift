import Glibc

/// A receiver of datagrams in tests.
package final class DatagramReceiver: Sendable {
    /// As configurations write it.
    package let address: String
    /// 0 for a Unix socket.
    package let port: Int
    private let descriptor: Int32
    private let path: String?

    /// Receives on a UDP port of 127.0.0.1 that the system chooses, or on `port`.
    package init(port: Int = 0) {
        let receiving = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = UInt16(port).bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &name) { name in
            name.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                bind(receiving, name, length) == 0 && getsockname(receiving, name, &length) == 0
            }
        }
        precondition(bound, "no UDP port on loopback: \(String(cString: strerror(errno)))")
        self.port = Int(UInt16(bigEndian: name.sin_port))
        address = "udp://127.0.0.1:\(self.port)"
        path = nil
        descriptor = receiving
        limit()
    }

    /// Receives on a Unix socket, whose file goes away with it.
    package init(path: String) {
        let receiving = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &name) { name in
            name.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(receiving, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 }
        }
        precondition(bound, "no socket at \(path)")
        address = "unixgram:\(path)"
        port = 0
        self.path = path
        descriptor = receiving
        limit()
    }

    deinit {
        close(descriptor)
        if let path { unlink(path) }
    }

    /// So many datagrams, fewer when none comes for ten seconds.
    package func read(_ count: Int) -> [String] {
        var datagrams: [String] = []
        var bytes = [UInt8](repeating: 0, count: 1 << 17)
        while datagrams.count < count {
            let length = recv(descriptor, &bytes, bytes.count, 0)
            guard length >= 0 else { break }
            datagrams.append(String(decoding: bytes[..<length], as: UTF8.self))
        }
        return datagrams
    }

    private func limit() {
        var time = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }
}
