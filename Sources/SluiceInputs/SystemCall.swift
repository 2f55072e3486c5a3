#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Calls of the operating system that a signal may interrupt, and what their errors mean.
enum SystemCall {
    enum Kind {
        case missing, notPermitted, directory, other
    }

    /// What a failed call says about the file.
    static func kind(of number: Int32) -> Kind {
        switch number {
        case ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG: .missing
        case EACCES, EPERM: .notPermitted
        case EISDIR: .directory
        default: .other
        }
    }

    /// The system's text of an error number.
    static func text(of number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Opens a file for reading, without waiting for the writer of a FIFO longer than a signal allows.
    static func openFile(_ path: String) -> Result<Int32, SystemError> {
        while true {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
            if descriptor >= 0 { return .success(descriptor) }
            if errno != EINTR { return .failure(SystemError(number: errno)) }
        }
    }

    /// Reads once; nil when a non-blocking descriptor has nothing.
    static func readOnce(_ descriptor: Int32, _ to: UnsafeMutableRawPointer, _ count: Int) -> Result<Int?, SystemError> {
        while true {
            let length = read(descriptor, to, count)
            if length >= 0 { return .success(length) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .success(nil)
            default: return .failure(SystemError(number: errno))
            }
        }
    }

    /// Whether a read would answer at once.
    static func isReadable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }
}

/// An error number of the operating system.
struct SystemError: Error {
    let number: Int32
}
