import Glibc
import Logging
import SluiceComponent

/// What tells that files changed: inotify, or nothing but the clock when it is not wanted or exhausted.
final class FileChanges {
    enum Change {
        /// Something may be there to read.
        case file(Inode)
        /// Names came or went.
        case names
        /// Events were lost.
        case anything
    }

    private let log: Logger
    private let watcher: FileWatcher?
    private var folders: [String: Int32] = [:]
    private var interests: [Int32: Set<String>] = [:]
    private var files: [Int32: Inode] = [:]
    /// Files must be looked at by the clock.
    private(set) var isPolling: Bool

    init(_ setting: FileSetting, _ log: Logger) {
        self.log = log
        isPolling = setting.watching == .poll
        guard !isPolling else {
            watcher = nil
            return
        }
        switch FileWatcher.make() {
        case .success(let made): watcher = made
        case .failure(let error):
            watcher = nil
            fallBack(error.number)
        }
    }

    /// Readable when something changed; -1 without inotify.
    var descriptor: Int32 { watcher?.descriptor ?? -1 }

    /// Tells what changed since the last call.
    func take(_ body: (Change) -> Void) {
        watcher?.drain { event in
            switch event {
            case .overflow: body(.anything)
            case .file(let watch): if let inode = files[watch] { body(.file(inode)) }
            case .folder(let watch, let name):
                guard let patterns = interests[watch] else { return }
                // The folder itself was moved or deleted, or a name that matters came or went.
                if name.isEmpty || patterns.contains(where: { GlobPattern.matches(name: name, $0) }) { body(.names) }
            }
        }
    }

    /// Watches these folders and no others. True when a new watch was made: what happened before it is not told.
    func watch(_ wanted: [String: Set<String>]) -> Bool {
        guard let watcher, !isPolling else { return false }
        var isNew = false
        var watches: [String: Int32] = [:]
        var patterns: [Int32: Set<String>] = [:]
        for (path, names) in wanted {
            switch watcher.watch(folder: path) {
            case .success(let watch):
                if interests[watch] == nil { isNew = true }
                watches[path] = watch
                patterns[watch, default: []].formUnion(names)
            case .failure(let error): if Self.isExhaustion(error.number) { fallBack(error.number) }
            }
        }
        for (watch, _) in interests where patterns[watch] == nil { watcher.remove(watch) }
        folders = watches
        interests = patterns
        return isNew
    }

    /// Watches an open file; -1 when it cannot be.
    func watch(file descriptor: Int32, _ inode: Inode) -> Int32 {
        guard let watcher, !isPolling else { return -1 }
        switch watcher.watch(file: descriptor) {
        case .success(let watch):
            files[watch] = inode
            return watch
        case .failure(let error):
            fallBack(error.number)
            return -1
        }
    }

    /// Ends the watch of a file.
    func unwatch(_ watch: Int32) {
        guard watch >= 0, files.removeValue(forKey: watch) != nil else { return }
        watcher?.remove(watch)
    }

    private static func isExhaustion(_ number: Int32) -> Bool { [ENOSPC, EMFILE, ENFILE, ENOMEM].contains(number) }

    private func fallBack(_ number: Int32) {
        guard !isPolling else { return }
        isPolling = true
        let limit = number == EMFILE || number == ENFILE ? "fs.inotify.max_user_instances" : "fs.inotify.max_user_watches"
        log.warning(
            "inotify cannot watch any more (\(SystemCall.text(of: number))); files are looked at every `poll_interval` from now on; raise the sysctl `\(limit)` and start again"
        )
    }
}
