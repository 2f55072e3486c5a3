package import Glibc
import SluiceConfig

/// Who may connect to a Unix socket: mode, owner and group of its file.
package struct SocketOwnership: Sendable, Equatable {
    package var mode: UInt32 = 0o666
    /// A name or a number; nil leaves it as it is.
    package var owner: String?
    package var group: String?

    /// Everybody on this machine.
    package init() {}

    /// Reads options `socket_mode`, `socket_owner` and `socket_group`.
    init(_ values: OptionValues) throws(ConfigError) {
        let text = values.text("socket_mode") ?? "0666"
        guard let mode = UInt32(text, radix: 8), mode <= 0o777, text.allSatisfy(\.isNumber) else {
            throw ConfigError(
                .invalidValue, "`\(text)` is no value for `socket_mode`; it takes octal permissions such as `\"0660\"`", key: "socket_mode")
        }
        self.mode = mode
        owner = values.text("socket_owner")
        group = values.text("socket_group")
    }

    fileprivate func userID(_ address: NetworkAddress) throws(NetworkError) -> uid_t? {
        guard let owner else { return nil }
        if let number = uid_t(owner) { return number }
        if let entry = getpwnam(owner) { return entry.pointee.pw_uid }
        throw NetworkError(.missing, "cannot listen on \(address.text): there is no user `\(owner)` for `socket_owner`")
    }

    fileprivate func groupID(_ address: NetworkAddress) throws(NetworkError) -> gid_t? {
        guard let group else { return nil }
        if let number = gid_t(group) { return number }
        if let entry = getgrnam(group) { return entry.pointee.gr_gid }
        throw NetworkError(.missing, "cannot listen on \(address.text): there is no group `\(group)` for `socket_group`")
    }
}

/// The file of a Unix socket that this process has bound.
///
/// A socket's file outlives its process, so a file that is there says nothing: who wants to bind asks it by connecting. What answers is
/// left alone, what is no socket is never touched. In the end only the file that was made here is removed, known by device and inode.
package struct UnixSocketFile: Sendable {
    package let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Binds a new socket of a type (`SOCK_STREAM`, `SOCK_DGRAM`) at the path of `address`, removing what a dead process has left
    /// there. The descriptor is close-on-exec and non-blocking.
    package static func bind(
        _ path: String, type: __socket_type, ownership: SocketOwnership, address: NetworkAddress
    ) throws(NetworkError) -> (descriptor: Int32, file: UnixSocketFile) {
        let owner = try ownership.userID(address)
        let group = try ownership.groupID(address)
        guard var name = sockaddr_un(path: path) else {
            throw NetworkError(
                .system,
                "cannot listen on \(address.text): the path has \(path.utf8.count) bytes, and a socket's has at most 107: choose a shorter folder"
            )
        }
        try removeStale(&name, path, type, address)
        let descriptor = socket(AF_UNIX, Int32(type.rawValue) | Self.flags, 0)
        guard descriptor >= 0 else { throw .listening(on: address, number: errno) }
        var made: UnixSocketFile?
        do throws(NetworkError) {
            // Linux gives the file the mode of the descriptor: before it has its owner nobody else can connect.
            guard fchmod(descriptor, 0o600) == 0, name.withAddress({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
                throw .listening(on: address, number: errno)
            }
            let file = try UnixSocketFile(path, address)
            made = file
            try file.give(to: owner, group, mode: ownership.mode, ownership, address)
            return (descriptor, file)
        } catch {
            close(descriptor)
            made?.remove()
            throw error
        }
    }

    private init(_ path: String, _ address: NetworkAddress) throws(NetworkError) {
        var found = stat()
        guard lstat(path, &found) == 0 else { throw .listening(on: address, number: errno) }
        self.path = path
        device = found.st_dev
        inode = found.st_ino
    }

    /// Whether the path still leads to the file that was made here.
    package var isOurs: Bool {
        var found = stat()
        return lstat(path, &found) == 0 && found.st_mode & S_IFMT == S_IFSOCK && found.st_dev == device && found.st_ino == inode
    }

    /// Removes the file, unless another one has taken its place.
    package func remove() { if isOurs { unlink(path) } }

    private func give(
        to owner: uid_t?, _ group: gid_t?, mode: UInt32, _ ownership: SocketOwnership, _ address: NetworkAddress
    ) throws(NetworkError) {
        if owner != nil || group != nil, lchown(path, owner ?? uid_t.max, group ?? gid_t.max) != 0 {
            let wanted = [ownership.owner.map { "`socket_owner: \($0)`" }, ownership.group.map { "`socket_group: \($0)`" }]
            throw NetworkError(
                .notPermitted,
                "cannot listen on \(address.text): \(wanted.compactMap { $0 }.joined(separator: " and ")) cannot be set: "
                    + NetworkError.text(of: errno))
        }
        guard fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW) == 0 || (errno == ENOTSUP && isOurs && chmod(path, mode) == 0) else {
            throw .listening(on: address, number: errno)
        }
    }

    private static func removeStale(
        _ name: inout sockaddr_un, _ path: String, _ type: __socket_type, _ address: NetworkAddress
    ) throws(NetworkError) {
        var found = stat()
        guard lstat(path, &found) == 0 else {
            if errno == ENOENT, access(NetworkError.folder(of: path), F_OK) == 0 { return }
            throw .listening(on: address, number: errno)
        }
        guard found.st_mode & S_IFMT == S_IFSOCK else {
            throw NetworkError(
                .notASocket,
                "cannot listen on \(address.text): something that is no socket stands there, and it was left alone; move it away or choose another path"
            )
        }
        let probe = socket(AF_UNIX, Int32(type.rawValue) | Self.flags, 0)
        guard probe >= 0 else { throw .listening(on: address, number: errno) }
        defer { close(probe) }
        let number = name.withAddress { connect(probe, $0, $1) } == 0 ? 0 : errno
        switch number {
        // EAGAIN: its queue is full, so there is one. EPROTOTYPE: it is of another kind, and somebody holds it.
        case 0, EAGAIN, EPROTOTYPE:
            throw NetworkError(.inUse, "cannot listen on \(address.text): another program listens there: stop it, or choose another path")
        case ECONNREFUSED:
            guard unlink(path) == 0 || errno == ENOENT else { throw .listening(on: address, number: errno) }
        case ENOENT: return
        default: throw .listening(on: address, number: number)
        }
    }

    private static var flags: Int32 { Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue) }
}

extension sockaddr_un {
    /// The address of a path; nil when it is longer than a socket's can be.
    package init?(path: String) {
        self.init()
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: sun_path) else { return nil }
        sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &sun_path) { $0.copyBytes(from: bytes) }
    }

    /// For calls of the system.
    package mutating func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: &self) {
            // SAFETY: every address of a family begins with the members of `sockaddr`; the length says how long this one is.
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}
