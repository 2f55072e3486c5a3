import Glibc

/// One process's hold on a data directory: `sluice.lock` with the process's id in it, kept with `flock`. The kernel lets go of it
/// when the process ends, however it ends; the file stays.
final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock or says who has it.
    init(folder: String) throws(StoreError) {
        let path = folder + "/sluice.lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system("create", path, errno) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            defer { close(file) }
            guard number == EWOULDBLOCK else { throw .system("lock", path, number) }
            throw StoreError(
                .inUse,
                "`data_dir` \(folder) is in use by process \(FolderLock.holder(file)); left alone; stop that process or set another "
                    + "`data_dir`")
        }
        descriptor = file
        let text = "\(getpid())\n"
        // What is written here is for people only; the lock holds without it, so that a full disk does not keep a service from starting.
        if ftruncate(file, 0) == 0 { _ = pwrite(file, text, text.utf8.count, 0) }
    }

    deinit { close(descriptor) }

    /// Who has the lock, by what the file says.
    private static func holder(_ file: Int32) -> String {
        var text = [UInt8](repeating: 0, count: 20)
        let count = pread(file, &text, text.count, 0)
        let digits = text.prefix(max(count, 0)).prefix { $0 >= 0x30 && $0 <= 0x39 }
        return digits.isEmpty ? "unknown" : String(decoding: digits, as: UTF8.self)
    }
}
