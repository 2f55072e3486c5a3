import Glibc

/// Which content a path has: another stamp means another file, or the same one written again.
struct FileStamp: Sendable, Equatable {
    private let device: dev_t
    private let inode: ino_t
    private let bytes: Int
    private let written: [Int]

    /// What is at a path now, behind links; nil for nothing.
    init?(_ path: String) {
        var found = stat()
        guard stat(path, &found) == 0 else { return nil }
        device = found.st_dev
        inode = found.st_ino
        bytes = Int(found.st_size)
        // The time of the last change of state too: who copies a file with its old times changes that one.
        written = [found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_ctim.tv_sec, found.st_ctim.tv_nsec]
    }
}
