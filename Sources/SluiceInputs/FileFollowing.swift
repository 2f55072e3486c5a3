#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Notices what happens to a path that is being followed.
///
/// What is true is asked of the file system each time; inotify only says when to ask. That way nothing depends on the order in which
/// events come, and a test needs no waiting.
final class FileFollowing {
    /// What became of the file since it was read to `position`.
    enum Change {
        case none, grown, truncated, replaced
    }

    let path: String
    private let notifier: Int32
    /// What the file begins with: another text of the same length or more is a truncated file as well.
    private var head = Fingerprint.none
    private var fileWatch: Int32 = -1

    init(path: String) {
        self.path = path
        notifier = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard notifier >= 0 else { return }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        inotify_add_watch(notifier, folder, UInt32(IN_CREATE) | UInt32(IN_MOVED_TO))
        watchFile()
    }

    deinit {
        if notifier >= 0 { close(notifier) }
    }

    /// Readable when it is worth asking ``change(of:position:)``; -1 without inotify.
    var descriptor: Int32 { notifier }

    /// Watches the file that has the path now.
    func watchFile() {
        guard notifier >= 0 else { return }
        if fileWatch >= 0 { inotify_rm_watch(notifier, fileWatch) }
        let events = UInt32(IN_MODIFY) | UInt32(IN_ATTRIB) | UInt32(IN_MOVE_SELF)
        fileWatch = inotify_add_watch(notifier, path, events)
    }

    /// Takes the events that are there.
    func drain() {
        guard notifier >= 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 8) { room in
            while read(notifier, room.baseAddress, room.count) > 0 {}
        }
    }

    /// What became of the open file and of its path.
    func change(of file: Int32, position: Int) -> Change {
        var own = stat()
        if fstat(file, &own) == 0 {
            if own.st_size < position || hasOtherHead(file) { return .truncated }
            if own.st_size > position { return .grown }
        }
        var named = stat()
        // While the path names nothing, the file that was renamed is still read.
        guard stat(path, &named) == 0 else { return .none }
        return named.st_ino == own.st_ino && named.st_dev == own.st_dev ? .none : .replaced
    }

    /// The file is begun anew.
    func restart() { head = .none }

    /// Whether the file begins with other bytes than before; learns more of them.
    private func hasOtherHead(_ file: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: Fingerprint.headBytesMax, alignment: 16) { room in
            let start = UnsafeRawBufferPointer(rebasing: room[..<max(0, pread(file, room.baseAddress, room.count, 0))])
            guard head.isStart(of: start) else { return true }
            if start.count > head.length { head = Fingerprint(start) }
            return false
        }
    }
}
