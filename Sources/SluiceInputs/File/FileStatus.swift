import Glibc

/// Which file something is, whatever its names.
struct Inode: Hashable, Sendable {
    let device: UInt64
    let number: UInt64

    /// A text that stays the same across restarts: what positions are kept under.
    var key: String { String(device, radix: 16) + ":" + String(number, radix: 16) }

    /// A number that differs from file to file: the stream that keeps its order.
    var stream: UInt64 {
        var mixed = number &+ device &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        return mixed ^ mixed >> 31
    }
}

/// What the file system says of a path.
struct FileStatus: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case file, folder, other
    }

    let inode: Inode
    let kind: Kind
    let size: Int
    /// Nanoseconds since 1970 UTC.
    let modifiedNs: Int64
    /// Names that the file has; 0 when it was deleted and is only open.
    let names: Int

    init(inode: Inode, kind: Kind, size: Int = 0, modifiedNs: Int64 = 0, names: Int = 1) {
        self.inode = inode
        self.kind = kind
        self.size = size
        self.modifiedNs = modifiedNs
        self.names = names
    }

    /// What an open descriptor is.
    init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// What a path names, links followed.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            default: .other
            }
        self.init(
            inode: Inode(device: UInt64(status.st_dev), number: UInt64(status.st_ino)), kind: kind, size: Int(status.st_size),
            modifiedNs: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec),
            names: Int(status.st_nlink))
    }
}

/// The part of a file system that globs walk over.
protocol FileTree {
    /// Names in a folder without `.` and `..`; nil when it cannot be listed.
    func names(in folder: String) -> [String]?

    /// What a path names, links followed.
    func status(of path: String) -> FileStatus?
}

/// The machine's file system.
struct RealFileTree: FileTree {
    func names(in folder: String) -> [String]? {
        guard let handle = opendir(folder) else { return nil }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    func status(of path: String) -> FileStatus? { FileStatus(path: path) }
}
