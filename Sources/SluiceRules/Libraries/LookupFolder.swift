import Glibc

/// Reads files below a rule's folder and nowhere else.
///
/// A name is relative, has no `..` and may pass through links only while they stay inside the folder (mounted configurations
/// link their files that way).
struct LookupFolder {
    /// Bytes that one file may have.
    static let fileBytesMax = 64 << 20

    let path: String

    /// A file that cannot be had, as a sentence.
    struct Fault: Error {
        let message: String
        /// Whether the name is none of a file that may be read.
        var isOutside = false
    }

    /// A file's bytes, nil for those that the caller knows, and what tells them from later ones.
    struct Content {
        let bytes: [UInt8]?
        /// Nil while a change in the same moment could go unseen.
        let identity: FileIdentity?
    }

    /// The content of a file below the folder, which is not read when it is `known`; `function` names the caller in messages.
    func read(_ name: String, for function: String, unless known: FileIdentity? = nil) throws(Fault) -> Content {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        if name.isEmpty || name.utf8.contains(0) {
            throw Fault(message: "\(function): a file name is not empty and has no zero byte", isOutside: true)
        }
        if name.hasPrefix("/") || parts.contains("..") {
            throw Fault(
                message: "\(function): `\(name)` leads out of the rule's folder; put the file below `\(path)`", isOutside: true)
        }
        guard let folder = LookupFolder.resolved(path) else {
            throw Fault(message: "\(function): the rule's folder `\(path)` cannot be read: \(LookupFolder.lastError())")
        }
        guard let file = LookupFolder.resolved(path + "/" + name) else {
            throw Fault(message: "\(function): `\(name)` cannot be read in `\(path)`: \(LookupFolder.lastError())")
        }
        guard file.hasPrefix(folder == "/" ? "/" : folder + "/") else {
            throw Fault(message: "\(function): `\(name)` is a link out of the rule's folder; put the file itself below `\(path)`")
        }
        return try contents(file, name, function, known)
    }

    private func contents(_ file: String, _ name: String, _ function: String, _ known: FileIdentity?) throws(Fault) -> Content {
        // The path was resolved: a link put in its place meanwhile is refused.
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw Fault(message: "\(function): `\(name)` cannot be read in `\(path)`: \(LookupFolder.lastError())")
        }
        defer { close(descriptor) }
        var status = stat()
        // SAFETY: the record is ours and the descriptor is open.
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Fault(message: "\(function): `\(name)` is no file")
        }
        guard status.st_size <= LookupFolder.fileBytesMax else {
            throw Fault(
                message:
                    "\(function): `\(name)` has \(status.st_size) bytes; a lookup file has at most \(LookupFolder.fileBytesMax)")
        }
        let identity = LookupFolder.identity(status)
        if let identity, identity == known { return Content(bytes: nil, identity: identity) }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            // SAFETY: `read` writes at most the rest of the array.
            let more = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + filled, $0.count - filled) }
            if more < 0 { throw Fault(message: "\(function): `\(name)` cannot be read: \(LookupFolder.lastError())") }
            if more == 0 { break }
            filled += more
        }
        bytes.removeLast(bytes.count - filled)
        return Content(bytes: bytes, identity: identity)
    }

    /// Seconds that a file must have been left alone: times of files are coarse, and a change in the same tick shows in none.
    private static let settledSeconds = 2

    private static func identity(_ status: stat) -> FileIdentity? {
        guard time(nil) - status.st_mtim.tv_sec > settledSeconds, time(nil) - status.st_ctim.tv_sec > settledSeconds else { return nil }
        func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) }
        return FileIdentity(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), bytes: Int64(status.st_size),
            modified: nanoseconds(status.st_mtim), changed: nanoseconds(status.st_ctim))
    }

    private static func resolved(_ path: String) -> String? {
        // SAFETY: `realpath` allocates the answer, which is freed here.
        guard let answer = realpath(path, nil) else { return nil }
        defer { free(answer) }
        return String(cString: answer)
    }

    private static func lastError() -> String { String(cString: strerror(errno)).lowercased() }
}
