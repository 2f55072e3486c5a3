import Glibc

/// The Unix socket on which the running service is asked and told, bound and not yet accepting.
///
/// A socket's name outlives its process, so a name that is there says nothing. Whoever holds the lock of the data directory owns the
/// name and may remove what a dead process has left; a socket at which somebody answers all the same is left alone.
final class ControlSocket {
    /// Bytes of a path in an address, the NUL at its end not counted.
    static let pathBytesMax = 107

    let path: String
    private var listening: Int32

    /// Binds `path` with mode 0600 and listens.
    init(path: String) throws(AdminError) {
        var address = try Self.address(of: path)
        try Self.removeStale(path)
        listening = try Self.bind(&address, path)
        self.path = path
    }

    /// Hands the listening descriptor over, once.
    func takeDescriptor() -> Int32 {
        defer { listening = -1 }
        return listening
    }

    /// Removes the name, so that verbs find nobody at once.
    deinit {
        unlink(path)
        if listening >= 0 { close(listening) }
    }

    /// The address of a path.
    static func address(of path: String) throws(AdminError) -> sockaddr_un {
        let bytes = Array(path.utf8)
        guard bytes.count <= pathBytesMax else {
            throw AdminError(
                .pathTooLong,
                "control socket `\(path)` has a path of \(bytes.count) bytes, and Unix sockets allow \(pathBytesMax); choose a shorter `data_dir`"
            )
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return address
    }

    /// Removes the socket of a process that is gone; whatever else is there stays.
    private static func removeStale(_ path: String) throws(AdminError) {
        var found = stat()
        guard lstat(path, &found) == 0 else {
            if errno == ENOENT { return }
            throw system("look at", path, errno)
        }
        guard found.st_mode & S_IFMT == S_IFSOCK else {
            throw AdminError(.cannotListen, "`\(path)` is not a socket; nothing was removed; move it out of the way")
        }
        guard try !isAnswered(path) else { throw inUse(path) }
        guard unlink(path) == 0 else { throw system("remove", path, errno) }
    }

    /// Whether somebody listens.
    private static func isAnswered(_ path: String) throws(AdminError) -> Bool {
        var address = try address(of: path)
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard probe >= 0 else { throw system("make a socket for", path, errno) }
        defer { close(probe) }
        // EAGAIN: its queue is full, so there is one.
        return withAddress(&address) { connect(probe, $0, $1) } == 0 || errno == EAGAIN
    }

    private static func bind(_ address: inout sockaddr_un, _ path: String) throws(AdminError) -> Int32 {
        let listening = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard listening >= 0 else { throw system("make a socket for", path, errno) }
        // Linux gives the name the mode of the descriptor: at no time may anybody else connect.
        guard fchmod(listening, 0o600) == 0, withAddress(&address, { Glibc.bind(listening, $0, $1) }) == 0,
            listen(listening, backlogMax) == 0
        else {
            let number = errno
            close(listening)
            throw number == EADDRINUSE ? inUse(path) : system("listen on", path, number)
        }
        return listening
    }

    private static let backlogMax: Int32 = 64

    private static func withAddress<Result>(_ address: inout sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result
    {
        withUnsafePointer(to: &address) { pointer in
            // SAFETY: every address of a family begins with the members of `sockaddr`; the length says how long this one is.
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }

    private static func inUse(_ path: String) -> AdminError {
        AdminError(.inUse, "another service uses `\(path)`; stop it, or give this one a `data_dir` of its own")
    }

    private static func system(_ action: String, _ path: String, _ number: Int32) -> AdminError {
        AdminError(
            number == EACCES || number == EPERM ? .notPermitted : .cannotListen,
            "cannot \(action) `\(path)`: \(String(cString: strerror(number)))")
    }
}
