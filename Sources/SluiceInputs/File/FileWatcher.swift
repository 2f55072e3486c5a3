import Glibc

/// inotify: says when it is worth looking at a file or a folder. What is true is asked of the file system each time.
final class FileWatcher {
    /// Something may have changed.
    enum Event: Equatable {
        /// A name in a watched folder, or the folder itself when the name is empty.
        case folder(Int32, name: String)
        /// A watched file.
        case file(Int32)
        /// The kernel's queue was full: anything may have changed.
        case overflow
    }

    private static let folderEvents =
        UInt32(IN_CREATE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_DELETE) | UInt32(IN_DELETE_SELF)
        | UInt32(IN_MOVE_SELF) | UInt32(IN_ATTRIB) | UInt32(IN_ONLYDIR)
    private static let fileEvents = UInt32(IN_MODIFY) | UInt32(IN_ATTRIB)
    private static let bufferBytes = 64 << 10

    /// Readable when there are events.
    let descriptor: Int32
    private var folders: Set<Int32> = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: FileWatcher.bufferBytes, alignment: 8)

    /// A watcher, or the error number of what is exhausted.
    static func make() -> Result<FileWatcher, SystemError> {
        let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        return descriptor >= 0 ? .success(FileWatcher(descriptor)) : .failure(SystemError(number: errno))
    }

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit {
        close(descriptor)
        buffer.deallocate()
    }

    /// Watches a folder; its number, or the error number.
    func watch(folder path: String) -> Result<Int32, SystemError> {
        let watch = inotify_add_watch(descriptor, path, Self.folderEvents)
        guard watch >= 0 else { return .failure(SystemError(number: errno)) }
        folders.insert(watch)
        return .success(watch)
    }

    /// Watches the file behind an open descriptor, whatever its name is by now.
    func watch(file: Int32) -> Result<Int32, SystemError> {
        let watch = inotify_add_watch(descriptor, "/proc/self/fd/\(file)", Self.fileEvents)
        return watch >= 0 ? .success(watch) : .failure(SystemError(number: errno))
    }

    /// Ends a watch.
    func remove(_ watch: Int32) {
        folders.remove(watch)
        inotify_rm_watch(descriptor, watch)
    }

    /// Takes all events that are there.
    func drain(_ body: (Event) -> Void) {
        while true {
            let length = read(descriptor, buffer.baseAddress, buffer.count)
            guard length > 0 else { return }
            var at = 0
            // SAFETY: the kernel writes whole records: a header of 16 bytes, then `len` bytes of name with NULs behind it.
            while at + MemoryLayout<inotify_event>.size <= length {
                let watch = buffer.loadUnaligned(fromByteOffset: at, as: Int32.self)
                let mask = buffer.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)
                let nameLength = Int(buffer.loadUnaligned(fromByteOffset: at + 12, as: UInt32.self))
                let nameStart = at + MemoryLayout<inotify_event>.size
                if mask & UInt32(IN_Q_OVERFLOW) != 0 {
                    body(.overflow)
                } else if folders.contains(watch) {
                    let name = buffer[nameStart..<min(nameStart + nameLength, length)].prefix { $0 != 0 }
                    body(.folder(watch, name: String(decoding: name, as: UTF8.self)))
                } else {
                    body(.file(watch))
                }
                if mask & UInt32(IN_IGNORED) != 0 { folders.remove(watch) }
                at = nameStart + nameLength
            }
        }
    }
}
