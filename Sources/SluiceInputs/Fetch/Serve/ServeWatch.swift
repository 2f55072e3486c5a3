import Glibc
import Logging
import NIOCore
import SluiceComponent

/// Tells a host's loop when its files change: inotify on open files and on the folders of their names. Without inotify, and for safety, the
/// host looks by itself now and then (``pollSeconds``).
///
/// A thread waits for the descriptor, the loop takes what it tells: everything else happens on the loop.
final class ServeWatch {
    /// What may have changed.
    enum Change {
        case file(Inode)
        /// Names came or went, or more has happened than could be told.
        case anything
    }

    private let watcher: FileWatcher?
    private let loop: any EventLoop
    private let log: Logger
    private let onChange: (Change) -> Void
    private var folders: [String: Int32] = [:]
    /// Open files by their watch, with the number of streams that read them.
    private var files: [Int32: (inode: Inode, streams: Int)] = [:]
    private var isPolling: Bool
    private let end = StopFlag()
    /// The loop has taken what there was.
    private let taken = Monitor(false)
    private var thread: WorkerThread?

    /// A watch that tells nothing before ``start()``.
    init(loop: any EventLoop, log: Logger, onChange: @escaping (Change) -> Void) {
        self.loop = loop
        self.log = log
        self.onChange = onChange
        switch FileWatcher.make() {
        case .success(let made):
            watcher = made
            isPolling = false
        case .failure(let error):
            watcher = nil
            isPolling = true
            complain(error)
        }
    }

    /// How often files have to be looked at although nothing was told.
    var pollSeconds: Int64 { isPolling ? 1 : 30 }

    /// Begins to tell.
    func start() {
        guard let watcher else { return }
        let (descriptor, end, loop, taken) = (watcher.descriptor, end, loop, taken)
        let bound = NIOLoopBound(self, eventLoop: loop)
        thread = WorkerThread("serve-watch") {
            while !end.isSet {
                var entries = [
                    pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: end.descriptor, events: Int16(POLLIN), revents: 0),
                ]
                poll(&entries, 2, -1)
                guard !end.isSet, entries[0].revents != 0 else { continue }
                loop.execute {
                    bound.value.drain()
                    taken.notify { $0 = true }
                }
                // The descriptor stays readable until then.
                let _: Bool? = taken.wait { isTaken in
                    defer { isTaken = false }
                    return isTaken || end.isSet ? true : nil
                }
            }
        }
    }

    /// Ends the thread; on the loop, which takes nothing any more then.
    func stop() {
        end.set()
        taken.notify { _ in }
        thread?.join()
        thread = nil
    }

    /// Watches the folders that the names of a file are in.
    func watch(foldersOf file: ServedFile) {
        guard let watcher else { return }
        let own = file.path.lastIndex(of: "/").map { $0 == file.path.startIndex ? "/" : String(file.path[..<$0]) } ?? "."
        for folder in Set([own, file.rotatedFolder]) where folders[folder] == nil {
            switch watcher.watch(folder: folder) {
            case .success(let watch): folders[folder] = watch
            case .failure(let error): complain(error)
            }
        }
    }

    /// Watches an open file; the number is for ``unwatch(_:)``.
    func watch(_ descriptor: Int32, _ inode: Inode) -> Int32? {
        guard let watcher else { return nil }
        switch watcher.watch(file: descriptor) {
        case .success(let watch):
            files[watch] = (inode, (files[watch]?.streams ?? 0) + 1)
            return watch
        case .failure(let error):
            complain(error)
            return nil
        }
    }

    /// A stream does not read its file any more.
    func unwatch(_ watch: Int32) {
        guard let entry = files[watch] else { return }
        if entry.streams > 1 {
            files[watch] = (entry.inode, entry.streams - 1)
        } else {
            files[watch] = nil
            watcher?.remove(watch)
        }
    }

    private func drain() {
        // A busy folder tells much at once: what is the same is said once.
        var changed: Set<Inode> = []
        var areNamesChanged = false
        watcher?.drain { event in
            switch event {
            case .overflow, .folder: areNamesChanged = true
            case .file(let watch): if let entry = files[watch] { changed.insert(entry.inode) }
            }
        }
        if areNamesChanged { return onChange(.anything) }
        for inode in changed { onChange(.file(inode)) }
    }

    private func complain(_ error: SystemError) {
        if isPolling, watcher != nil { return }
        isPolling = true
        log.warning(
            "inotify cannot watch everything (\(SystemCall.text(of: error.number))); files are looked at every second as well; the sysctls `fs.inotify.max_user_instances` and `fs.inotify.max_user_watches` bound it"
        )
    }
}
