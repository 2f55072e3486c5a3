import Glibc
import SluiceComponent

/// The kernel's log, or a file or pipe with records of its form.
///
/// Of the device every read gives exactly one record; of others the bytes are cut where a line begins that is no property. What is
/// read at once is taken to end with a whole record.
struct KmsgDevice: ~Copyable {
    /// What a read gave.
    enum Outcome {
        /// Whole records, one behind the other, and whether it was the device that gave them.
        case bytes(Int)
        case empty
        /// Records were overwritten before they could be read: the next read goes on behind them.
        case overwritten
        case ended
    }

    /// More than the longest record.
    static let readBytes = 64 << 10

    let descriptor: Int32
    private let path: String
    private let isDevice: Bool

    /// Opens it; waits for nobody.
    init(_ path: String) throws(InputError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let error = InputError.system("open", path, errno)
            guard error.code == .notPermitted else { throw error }
            throw InputError(.notPermitted, "\(error.message); reading the kernel's log takes the capability CAP_SYSLOG")
        }
        var status = stat()
        isDevice = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Reads what is there.
    func read(_ room: UnsafeMutableRawBufferPointer) throws(InputError) -> Outcome {
        while true {
            let count = Glibc.read(descriptor, room.baseAddress, room.count)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .empty
            case EPIPE where isDevice: return .overwritten
            default: throw InputError.system("read", path, errno)
            }
        }
    }

    /// Waits until a read may give something, or the flag is set.
    func wait(_ stop: StopFlag) {
        var entries = (
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
        )
        _ = withUnsafeMutableBytes(of: &entries) { poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 2, -1) }
    }

    /// Calls `body` with each record, without its last line end.
    static func forEachRecord(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        var start = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count {
                if bytes[end] == 0x0A, end + 1 == bytes.count || bytes[end + 1] != 0x20 { break }
                end += 1
            }
            if end > start { body(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) }
            start = end + 1
        }
    }
}
