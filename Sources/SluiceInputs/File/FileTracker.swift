/// Which files an input follows: from listings of the file system to what has to be done. Pure: no clock, no system call.
///
///                  listed                      not listed any more            idle for `rotateWait`
///     (unknown) ──────────► begin: followed ──────────────────────► left ──────────────────────► close: gone
///                               ▲    │ other name: rename            │ listed again: rename         │ `forgetAfter`
///                               │    │ other size or time: look      ▼                              ▼
///                               └────┴───────────────────────────────┘                           forget
///
/// A file is what its inode says, so a rename is no new file, and of several names for one file the first is taken.
struct FileTracker {
    enum Action: Equatable {
        /// A file shows for the first time. `wasThere`: it was there when the input was started.
        case begin(Inode, path: String, wasThere: Bool)
        /// A file has another name now.
        case rename(Inode, path: String)
        /// A file changed since the last listing: there may be something to read.
        case look(Inode)
        /// No name of the file fits any more: it was rotated away or deleted, and is read to its end.
        case leave(Inode)
        /// A file that was left has been idle long enough.
        case close(Inode)
        /// The position of a file that is gone is not needed any more.
        case forget(key: String)
    }

    private struct Known {
        var path: String
        var size: Int
        var modifiedNs: Int64
        /// When it was seen last or read last, once it is left.
        var leftNs: Int64?
    }

    private let rotateWaitNs: Int64
    private let forgetAfterNs: Int64
    private var known: [Inode: Known] = [:]
    /// Since when files that have a position are gone.
    private var gone: [String: Int64] = [:]
    private var hasScanned = false

    /// A tracker that knows no file; `saved` are the keys of positions that were saved. Times are nanoseconds of any clock.
    init(saved: some Sequence<String>, now: Int64, rotateWaitNs: Int64, forgetAfterNs: Int64) {
        self.rotateWaitNs = rotateWaitNs
        self.forgetAfterNs = forgetAfterNs
        for key in saved { gone[key] = now }
    }

    /// A listing of all files that fit was made.
    mutating func scanned(_ files: [String: FileStatus], now: Int64) -> [Action] {
        var actions: [Action] = []
        let names = chooseNames(files)
        for (inode, file) in known.sorted(by: { $0.value.path < $1.value.path }) where names[inode] == nil && file.leftNs == nil {
            known[inode]?.leftNs = now
            actions.append(.leave(inode))
        }
        var fresh: [(inode: Inode, path: String, modifiedNs: Int64)] = []
        for (inode, path) in names.sorted(by: { $0.value < $1.value }) {
            guard let status = files[path] else { continue }
            guard let file = known[inode] else {
                fresh.append((inode, path, status.modifiedNs))
                continue
            }
            if file.path != path || file.leftNs != nil { actions.append(.rename(inode, path: path)) }
            if file.size != status.size || file.modifiedNs != status.modifiedNs { actions.append(.look(inode)) }
            known[inode] = Known(path: path, size: status.size, modifiedNs: status.modifiedNs, leftNs: nil)
        }
        // The oldest first: of a rotated set that is found at the start it was written first.
        for file in fresh.sorted(by: { ($0.modifiedNs, $0.path) < ($1.modifiedNs, $1.path) }) {
            guard let status = files[file.path] else { continue }
            known[file.inode] = Known(path: file.path, size: status.size, modifiedNs: status.modifiedNs, leftNs: nil)
            gone[file.inode.key] = nil
            actions.append(.begin(file.inode, path: file.path, wasThere: !hasScanned))
        }
        hasScanned = true
        return actions
    }

    /// Something was read of a file, or is still to be read.
    mutating func wasBusy(_ inode: Inode, now: Int64) {
        if known[inode]?.leftNs != nil { known[inode]?.leftNs = now }
    }

    /// What time has brought.
    mutating func timePassed(now: Int64) -> [Action] {
        var actions: [Action] = []
        for (inode, file) in known {
            guard let leftNs = file.leftNs, now - leftNs >= rotateWaitNs else { continue }
            known[inode] = nil
            gone[inode.key] = now
            actions.append(.close(inode))
        }
        for (key, since) in gone where now - since >= forgetAfterNs {
            gone[key] = nil
            actions.append(.forget(key: key))
        }
        return actions
    }

    /// When ``timePassed(now:)`` has something to do; nil while nothing waits.
    var deadline: Int64? {
        let closing = known.values.compactMap(\.leftNs).min().map { $0 + rotateWaitNs }
        let forgetting = gone.values.min().map { $0 + forgetAfterNs }
        return [closing, forgetting].compactMap { $0 }.min()
    }

    /// One name for each file: the one it had, else the first.
    private func chooseNames(_ files: [String: FileStatus]) -> [Inode: String] {
        var names: [Inode: String] = [:]
        for (path, status) in files {
            if let other = names[status.inode] {
                let current = known[status.inode]?.path
                if other == current || (path != current && other < path) { continue }
            }
            names[status.inode] = path
        }
        return names
    }
}
