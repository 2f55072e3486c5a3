package import SluiceComponent
package import CSluice
import Glibc

/// Writes bytes to a file or descriptor. Blocking; one owner; interrupted and partial writes are finished.
package struct FileWriter: ~Copyable {
    /// Name in messages.
    package let name: String
    private let descriptor: Int32
    private let closes: Bool
    /// Bytes written so far.
    package private(set) var bytesWritten = 0

    /// Creates or empties a file.
    package init(path: String) throws(OutputError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw OutputError.system("create", path, errno) }
        name = path
        self.descriptor = descriptor
        closes = true
    }

    /// Writes to an open descriptor, which stays open.
    package init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
        closes = false
    }

    deinit { if closes { close(descriptor) } }

    /// Device and inode, to see whether two names mean one file; nil for what has none.
    package var identity: FileIdentity? { FileIdentity(descriptor: descriptor) }

    /// Writes everything in the buffer and empties it.
    package mutating func write(_ buffer: UnsafeMutablePointer<sl_buffer>) throws(OutputError) {
        try write(UnsafeRawBufferPointer(start: buffer.pointee.bytes, count: buffer.pointee.length))
        buffer.pointee.length = 0
    }

    /// Writes all bytes.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
        var rest = bytes
        while rest.count > 0 {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                bytesWritten += count
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno == EAGAIN {
                // Somebody made the shared pipe non-blocking: wait until it takes more.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno != EINTR {
                throw OutputError.system("write", name, errno)
            }
        }
    }
}

/// Which file something is.
package struct FileIdentity: Hashable, Sendable {
    private let device: UInt
    private let inode: UInt

    init?(descriptor: Int32) {
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { return nil }
        device = UInt(information.st_dev)
        inode = UInt(information.st_ino)
    }

    /// The regular file at a path; nil when there is none.
    package init?(path: String) {
        var information = stat()
        guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { return nil }
        device = UInt(information.st_dev)
        inode = UInt(information.st_ino)
    }
}
