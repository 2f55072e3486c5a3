package import Glibc

/// The calls of the operating system that the file output makes: a seam, so that tests can let the n-th one fail.
///
/// Every call may be interrupted (EINTR); ``uninterrupted(_:)`` repeats it. Names are single parts of a path below an open folder.
package protocol FileSystem: Sendable {
    /// `openat`: a descriptor, always close-on-exec.
    func open(_ folder: Int32, _ name: String, _ flags: Int32, mode: mode_t) throws(SystemFault) -> Int32
    /// `mkdirat`.
    func makeFolder(_ folder: Int32, _ name: String, mode: mode_t) throws(SystemFault)
    /// `write`: how many bytes were taken.
    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemFault) -> Int
    /// `pread`: how many bytes were read, 0 at the end.
    func read(_ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemFault) -> Int
    /// `fstat`.
    func facts(_ descriptor: Int32) throws(SystemFault) -> FileFacts
    /// `fstatat` without following a link; nil when nothing has that name.
    func facts(_ folder: Int32, _ name: String) throws(SystemFault) -> FileFacts?
    /// `ftruncate`.
    func truncate(_ descriptor: Int32, to size: Int) throws(SystemFault)
    /// `fdatasync`.
    func sync(_ descriptor: Int32) throws(SystemFault)
    /// `fchmod`.
    func setMode(_ descriptor: Int32, _ mode: mode_t) throws(SystemFault)
    /// `fchown`; nil leaves it.
    func setOwner(_ descriptor: Int32, user: uid_t?, group: gid_t?) throws(SystemFault)
    /// `renameat` within a folder.
    func rename(_ folder: Int32, _ old: String, to new: String) throws(SystemFault)
    /// `unlinkat`.
    func remove(_ folder: Int32, _ name: String) throws(SystemFault)
    /// The names in an open folder, without `.` and `..`, in no order.
    func names(_ folder: Int32) throws(SystemFault) -> [String]
    /// `close`; what it says comes too late to act on.
    func close(_ descriptor: Int32)
}

/// A call of the operating system that failed.
package struct SystemFault: Error, Equatable {
    /// `errno`.
    package let number: Int32

    /// A fault.
    package init(_ number: Int32) { self.number = number }
}

/// What the file output wants to know of a file.
package struct FileFacts: Sendable, Equatable {
    /// What it is.
    package enum Kind: Sendable {
        case regular, folder, link, other
    }

    package let kind: Kind
    package let size: Int
    /// Names that it has; 0 for a file that was removed while it is open.
    package let links: Int
    /// When it was last written, in nanoseconds since 1970 UTC.
    package let modified: Int64

    /// From the system's own record.
    init(_ information: stat) {
        kind =
            switch information.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .other
            }
        size = Int(information.st_size)
        links = Int(information.st_nlink)
        modified = Int64(information.st_mtim.tv_sec) * 1_000_000_000 + Int64(information.st_mtim.tv_nsec)
    }
}

/// Repeats a call until no signal interrupts it.
func uninterrupted<Result>(_ call: () throws(SystemFault) -> Result) throws(SystemFault) -> Result {
    while true {
        do throws(SystemFault) {
            return try call()
        } catch {
            if error.number != EINTR { throw error }
        }
    }
}
