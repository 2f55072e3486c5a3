import CSluice
import Glibc
import SluiceComponent

/// One file of a rotated set: the current one or an older one.
struct RotatedFile: Equatable {
    let path: String
    let inode: Inode
    var size: Int
    /// When it was made, nanoseconds since 1970 UTC; 0 when the file system does not tell.
    var bornNs: Int64 = 0
    var modifiedNs: Int64 = 0
    /// When anything of it was changed last, its name too.
    var changedNs: Int64 = 0

    /// Whether its writer had time enough to turn to the next file; `now` is nanoseconds since 1970 UTC.
    func isSettled(now: Int64, rotateWaitNs: Int64) -> Bool {
        // What the clock says to lie in the future says nothing.
        let idleNs = now - max(modifiedNs, changedNs)
        return idleNs < 0 || idleNs >= rotateWaitNs
    }
}

/// A file and those that it was before, from the oldest to the youngest. Pure.
struct RotatedSet: Equatable {
    /// The file that has the name now; nil when there is none.
    let current: RotatedFile?
    /// Older ones, the oldest first.
    let rotated: [RotatedFile]

    /// What a request comes to.
    enum Choice: Equatable {
        /// `isLost`: not what was asked for.
        case serve(RotatedFile, offset: Int, isLost: Bool)
        /// There is no file.
        case missing
    }

    /// A set. The age of rotated files is when they were made, and when that is not known of all of them, when they were written last.
    init(current: RotatedFile?, rotated: [RotatedFile]) {
        self.current = current
        let others = rotated.filter { $0.inode != current?.inode }
        let isBorn = others.allSatisfy { $0.bornNs > 0 }
        func age(_ file: RotatedFile) -> (Int64, Int64, Int64) { (isBorn ? file.bornNs : 0, file.modifiedNs, Self.rank(file.path)) }
        self.rotated = others.sorted { age($0) < age($1) }
    }

    /// The order of names whose times are the same: `.2` is older than `.1`, `-20260101` older than `-20260102`.
    private static func rank(_ path: String) -> Int64 {
        let digits = path.utf8.reversed().prefix { $0 >= 0x30 && $0 <= 0x39 }.reversed()
        let number = Int64(String(decoding: Array(digits.suffix(18)), as: UTF8.self)) ?? 0
        return number < 10_000 ? -number : number
    }

    /// The file that was begun when this one was rotated: the next younger one. Nil when there is none (yet).
    func successor(of inode: UInt64) -> RotatedFile? {
        if current?.inode.number == inode { return nil }
        guard let index = rotated.firstIndex(where: { $0.inode.number == inode }) else { return current }
        return index + 1 < rotated.count ? rotated[index + 1] : current
    }

    /// What to serve to who asks for a place, or for nothing in particular.
    ///
    /// | asked for                                   | served                                          |
    /// |---------------------------------------------|-------------------------------------------------|
    /// | nothing                                     | the current file                                |
    /// | a file of the set, up to its end            | that file from the place on                     |
    /// | the end of a rotated file                   | the next younger one from its start             |
    /// | the end of one that may still be written to | that file: it is waited for                     |
    /// | behind the end of the current file          | the current file from its start: it was truncated |
    /// | anything else                               | the current file from its start: the place is lost |
    func choice(for place: FetchPlace?, now: Int64, rotateWaitNs: Int64) -> Choice {
        guard let place else { return current.map { .serve($0, offset: 0, isLost: false) } ?? .missing }
        let known = current?.inode.number == place.inode ? current : rotated.first { $0.inode.number == place.inode }
        guard let known, place.offset <= known.size else {
            return current.map { .serve($0, offset: 0, isLost: true) } ?? .missing
        }
        let asked = Choice.serve(known, offset: place.offset, isLost: false)
        guard place.offset == known.size, known != current, known.isSettled(now: now, rotateWaitNs: rotateWaitNs),
            let next = successor(of: place.inode)
        else { return asked }
        return .serve(next, offset: 0, isLost: false)
    }
}

extension RotatedSet {
    /// Names of one folder that are looked at; further ones are as good as not there.
    private static let namesMax = 10_000

    /// Looks at a set whose names change meanwhile, at most.
    private static let looksMax = 20

    /// The set as the file system has it now.
    ///
    /// A rotation may go on while it is looked at. A file that was missed then would be passed over, so a look counts only when the
    /// names and what the file's own means were the same before and behind it.
    init(of file: ServedFile) {
        var set = RotatedSet(current: nil, rotated: [])
        for _ in 0..<Self.looksMax {
            let names = Self.names(of: file)
            let current = Self.look(file.path, 0)
            var rotated: [RotatedFile] = []
            for name in names {
                let path = file.rotatedFolder == "/" ? "/" + name : file.rotatedFolder + "/" + name
                // Somebody who may write to the folder must not get files read by links to them.
                if let found = Self.look(path, O_NOFOLLOW) { rotated.append(found) }
            }
            set = RotatedSet(current: current, rotated: rotated)
            if Self.look(file.path, 0)?.inode == current?.inode, Self.names(of: file) == names { break }
        }
        self = set
    }

    /// Names of rotated files.
    private static func names(of file: ServedFile) -> [String] {
        let all = (RealFileTree().names(in: file.rotatedFolder) ?? []).prefix(namesMax)
        return all.filter { GlobPattern.matches(name: $0, file.rotatedPattern) }.sorted()
    }

    /// Opens a file of the set; nil when its name means another one by now.
    static func open(_ file: RotatedFile, of served: ServedFile) -> Int32? {
        let descriptor = Glibc.open(file.path, flags | (file.path == served.path ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else { return nil }
        if FileStatus(descriptor: descriptor)?.inode == file.inode { return descriptor }
        close(descriptor)
        return nil
    }

    /// Non-blocking, so that a FIFO in the place of a file does not hold the host.
    private static let flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK

    private static func look(_ path: String, _ more: Int32) -> RotatedFile? {
        let descriptor = Glibc.open(path, flags | more)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return RotatedFile(path: path, descriptor: descriptor)
    }
}

extension RotatedFile {
    /// What an open descriptor is; nil unless it is a regular file.
    init?(path: String, descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        func time(_ time: timespec) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) }
        self.init(
            path: path, inode: Inode(device: UInt64(status.st_dev), number: UInt64(status.st_ino)), size: Int(status.st_size),
            bornNs: sl_birth_time(descriptor), modifiedNs: time(status.st_mtim), changedNs: time(status.st_ctim))
    }
}
