import Glibc

/// What the service manager (systemd) is told: `sd_notify` over the datagram socket that `NOTIFY_SOCKET` names.
///
/// Without that variable there is nobody to tell. What cannot be sent is lost: the manager has its own patience.
package struct ServiceManager: Sendable {
    /// Half of the time within which the manager wants to hear ``alive()``; nil when it does not.
    package let watchdogNanoseconds: Int64?
    private let path: String

    /// The manager that started this process; nil when it was none.
    package init?(processID: Int32 = getpid(), variable: (String) -> String?) {
        guard let path = variable("NOTIFY_SOCKET"), path.utf8.count > 1, path.hasPrefix("/") || path.hasPrefix("@"),
            path.utf8.count <= ControlSocket.pathBytesMax
        else { return nil }
        self.path = path
        let isOurs = variable("WATCHDOG_PID").map { $0 == String(processID) } ?? true
        let microseconds = isOurs ? variable("WATCHDOG_USEC").flatMap { Int64($0) } : nil
        watchdogNanoseconds = microseconds.flatMap { $0 > 0 && $0 < Int64.max / 1000 ? $0 * 1000 / 2 : nil }
    }

    /// The service serves: after the start, and after each reload.
    package func ready(status: String) { send("READY=1\nSTATUS=\(Self.line(status))") }

    /// A reload begins; `now` is nanoseconds of the monotonic clock.
    package func reloading(now: Int64) { send("RELOADING=1\nMONOTONIC_USEC=\(now / 1000)") }

    /// The service stops.
    package func stopping(status: String) { send("STOPPING=1\nSTATUS=\(Self.line(status))") }

    /// What `systemctl status` shows.
    package func status(_ text: String) { send("STATUS=\(Self.line(text))") }

    /// The service is alive. Call it every ``watchdogNanoseconds``.
    package func alive() { send("WATCHDOG=1") }

    /// The wish to be given that much more time for what is going on.
    package func extend(nanoseconds: Int64) { send("EXTEND_TIMEOUT_USEC=\(nanoseconds / 1000)") }

    private static func line(_ text: String) -> String { HumanText.escaped(text.replacing("\n", with: " ")) }

    private func send(_ message: String) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        // A name in the abstract space begins with a NUL where a path would have its `/`, and has no NUL at its end.
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + name.count + (name[0] == 0 ? 0 : 1)
        let bytes = Array(message.utf8)
        withUnsafePointer(to: &address) { pointer in
            // SAFETY: every address of a family begins with the members of `sockaddr`; the length says how long this one is.
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(
                    descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), $0, socklen_t(length))
            }
        }
    }
}
