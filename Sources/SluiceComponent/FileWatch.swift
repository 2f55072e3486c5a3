import Glibc

/// Tells when any of a set of files may have changed: written, replaced by a rename, created, deleted, or reached by another
/// symbolic link.
///
/// What is watched (inotify) are the folders that the names stand in, and those of every link on the way, so that an editor's
/// rename and a swapped `..data` link of a mounted ConfigMap are seen. Without inotify (no instances or watches left, a file
/// system that does not tell) ``isComplete`` is false and the caller has to look by itself now and then.
package struct FileWatch: ~Copyable {
    /// Links followed for one name.
    private static let linksMax = 16

    /// Readable when ``drain()`` has something; -1 without inotify.
    package let descriptor: Int32
    private var folders: [String: Int32] = [:]
    /// Whether every folder is watched.
    package private(set) var isComplete = false

    /// A watch of nothing.
    package init() { descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC)) }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Watches these files, there or not, and no others.
    package mutating func watch(_ files: some Sequence<String>) {
        guard descriptor >= 0 else { return }
        var wanted: Set<String> = []
        for file in files { Self.addFolders(of: file, to: &wanted) }
        for (folder, number) in folders where !wanted.contains(folder) {
            inotify_rm_watch(descriptor, number)
            folders[folder] = nil
        }
        isComplete = true
        let events = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB
        for folder in wanted {
            // Asked again for known ones as well: a folder that was deleted and made anew is another one.
            let number = inotify_add_watch(descriptor, folder, UInt32(events))
            folders[folder] = number >= 0 ? number : nil
            if number < 0 { isComplete = false }
        }
    }

    /// Takes what was told; false when it was nothing.
    package func drain() -> Bool {
        guard descriptor >= 0 else { return false }
        var found = false
        withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 8) { room in
            while read(descriptor, room.baseAddress, room.count) > 0 { found = true }
        }
        return found
    }

    /// The folders whose entries decide what a path leads to: those of each of its parts that is a link, and the one that it is in.
    private static func addFolders(of path: String, to folders: inout Set<String>) {
        var path = path
        for _ in 0..<linksMax {
            let folder = parent(of: path)
            folders.insert(existing(folder))
            addLinks(in: folder, to: &folders)
            guard let target = link(at: path) else { return }
            path = target.hasPrefix("/") ? target : folder + "/" + target
        }
    }

    /// Folders of the links among a folder's own parts.
    private static func addLinks(in folder: String, to folders: inout Set<String>) {
        var part = folder
        while part.count > 1, part != "." {
            if link(at: part) != nil { folders.insert(existing(parent(of: part))) }
            let up = parent(of: part)
            if up == part { return }
            part = up
        }
    }

    /// The nearest folder upwards that exists.
    private static func existing(_ folder: String) -> String {
        var folder = folder
        while access(folder, F_OK) != 0, folder != "/", folder != "." { folder = parent(of: folder) }
        return folder
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func link(at path: String) -> String? {
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = target.withUnsafeMutableBytes { bytes in
            readlink(path, bytes.bindMemory(to: CChar.self).baseAddress!, bytes.count)
        }
        return length > 0 ? String(decoding: target[..<length], as: UTF8.self) : nil
    }
}
