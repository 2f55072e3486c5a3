import Glibc
import Logging
import SluiceComponent

/// Opens the files of an output: makes them with their mode, owner and header, or finds where an existing one can be gone on with.
struct FileOpening {
    /// Bytes of compressed data without a flush in them that may be cut off a file: more than the output ever leaves there.
    private static let tornBytesMax = 4 << 20

    let settings: FileSettings
    let folders: FileFolders
    let context: OutputContext
    /// Files that could not be gone on with and got another name.
    private(set) var setAside = 0
    /// Ends of files that a crash had left open and that were finished.
    private(set) var repaired = 0

    init(settings: FileSettings, folders: FileFolders, context: OutputContext) {
        self.settings = settings
        self.folders = folders
        self.context = context
    }

    private var system: any FileSystem { folders.system }

    /// Opens the file of a place.
    mutating func open(_ spot: FileSpot, now: Int64) throws(OutputError) -> OpenFile {
        do throws(SystemFault) {
            let folder = try folders.folder(of: spot, creating: true)
            defer { system.close(folder) }
            while true {
                if let file = try open(in: folder, spot, now: now) { return file }
            }
        } catch {
            if error.number == EPERM, settings.user != nil || settings.group != nil {
                throw OutputError(
                    code: .notPermitted,
                    message:
                        "cannot give `\(folders.root.text(spot))` to its `owner` and `group`: not permitted; run as root or leave them out")
            }
            throw folders.error("open", spot, error)
        }
    }

    /// Opens the file, or puts away what stands in its place: then nil.
    private mutating func open(in folder: Int32, _ spot: FileSpot, now: Int64) throws(SystemFault) -> OpenFile? {
        let name = settings.isAtomic ? settings.names.part(of: spot.name) : spot.name
        let (descriptor, isNew) = try descriptor(in: folder, name)
        do throws(SystemFault) {
            let facts = try uninterrupted { () throws(SystemFault) in try system.facts(descriptor) }
            guard facts.kind == .regular else { return try openStream(descriptor, facts, spot, now: now) }
            if isNew { try dress(descriptor, folder, name) }
            var size = facts.size
            var mending: [UInt8] = []
            if size > 0 {
                switch try tail(in: folder, name, size: size) {
                case .whole: break
                case .torn(let kept, let bytes) where size - kept <= Self.tornBytesMax:
                    if kept < size { try uninterrupted { () throws(SystemFault) in try system.truncate(descriptor, to: kept) } }
                    size = kept
                    mending = bytes
                    repaired += 1
                case .torn, .foreign:
                    try putAside(folder, name, spot, now: now)
                    system.close(descriptor)
                    return nil
                }
            }
            let started = isNew || facts.size == 0 ? now : facts.modified
            let file = OpenFile(
                system, descriptor, spot: spot, name: name, size: size, stream: nil, compression: settings.compression.make(),
                period: settings.rotation?.period(at: started) ?? 0, now: now)
            if size == 0 { file.begin(with: settings.header) }
            file.begin(withRaw: mending)
            return file
        } catch {
            system.close(descriptor)
            throw error
        }
    }

    /// A pipe or terminal, which only a path without data in it may name.
    private func openStream(_ descriptor: Int32, _ facts: FileFacts, _ spot: FileSpot, now: Int64) throws(SystemFault) -> OpenFile {
        if facts.kind == .folder || settings.root.isTemplated { throw SystemFault(EISDIR) }
        let stream = StreamWriter(descriptor: descriptor, name: folders.root.text(spot), stop: context.stop)
        let file = OpenFile(
            system, descriptor, spot: spot, name: spot.name, size: 0, stream: stream, compression: settings.compression.make(),
            period: 0, now: now)
        file.begin(with: settings.header)
        return file
    }

    /// A link that the operator put at a fixed path is followed, unless the file is going to be renamed.
    private var followsLink: Bool { settings.literal != nil && settings.rotation == nil && !settings.isAtomic }

    private func descriptor(in folder: Int32, _ name: String) throws(SystemFault) -> (descriptor: Int32, isNew: Bool) {
        let follows = followsLink
        let flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | (follows ? 0 : O_NOFOLLOW)
        while true {
            do throws(SystemFault) {
                let old = try uninterrupted { () throws(SystemFault) in try system.open(folder, name, flags, mode: 0) }
                return (old, false)
            } catch {
                if error.number != ENOENT { throw error }
            }
            do throws(SystemFault) {
                let new = try uninterrupted { () throws(SystemFault) in
                    try system.open(folder, name, flags | O_CREAT | (follows ? 0 : O_EXCL), mode: settings.mode)
                }
                return (new, true)
            } catch {
                if error.number != EEXIST { throw error }
            }
        }
    }

    /// Gives a new file its mode and owner; one that cannot have them is removed again, so that the next try is the same.
    private func dress(_ descriptor: Int32, _ folder: Int32, _ name: String) throws(SystemFault) {
        do throws(SystemFault) {
            try uninterrupted { () throws(SystemFault) in try system.setMode(descriptor, settings.mode) }
            if settings.user != nil || settings.group != nil {
                try uninterrupted { () throws(SystemFault) in
                    try system.setOwner(descriptor, user: settings.user, group: settings.group)
                }
            }
            if settings.sync == .batch { try uninterrupted { () throws(SystemFault) in try system.sync(folder) } }
        } catch {
            do throws(SystemFault) { try system.remove(folder, name) } catch {}
            throw error
        }
    }

    /// What the end of an existing file needs. A file that may be written and not read is taken as whole.
    private func tail(in folder: Int32, _ name: String, size: Int) throws(SystemFault) -> TailFinding {
        let descriptor: Int32
        do throws(SystemFault) {
            descriptor = try uninterrupted { () throws(SystemFault) in
                try system.open(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | (followsLink ? 0 : O_NOFOLLOW), mode: 0)
            }
        } catch {
            if error.number == EACCES { return .whole }
            throw error
        }
        defer { system.close(descriptor) }
        var reader = TailReader(system, descriptor, size: size)
        switch settings.compression {
        case .none: return try reader.bytes(at: size - 1, 1).first == 0x0A ? .whole : .torn(size: size, bytes: [0x0A])
        case .gzip: return try Self.tail(GzipCompression.self, &reader)
        case .zstd:
            #if Zstd
                return try Self.tail(ZstdCompression.self, &reader)
            #else
                return .foreign
            #endif
        }
    }

    private static func tail(_ kind: any FileCompression.Type, _ reader: inout TailReader) throws(SystemFault) -> TailFinding {
        let mark = kind.endMark
        if reader.size >= mark.count, try Array(reader.bytes(at: reader.size - mark.count, mark.count)) == mark { return .whole }
        return try kind.findTail(&reader)
    }

    private mutating func putAside(_ folder: Int32, _ name: String, _ spot: FileSpot, now: Int64) throws(SystemFault) {
        var number = 0
        while true {
            let other = "\(name).set-aside-\(now / 1_000_000_000)" + (number > 0 ? ".\(number)" : "")
            if try uninterrupted({ () throws(SystemFault) in try system.facts(folder, other) }) == nil {
                try uninterrupted { () throws(SystemFault) in try system.rename(folder, name, to: other) }
                setAside += 1
                let path = folders.root.text(spot)
                context.log.warning(
                    "output `\(context.name)`: `\(path)` cannot be appended to: it is damaged or not compressed as configured; renamed to `\(other)`, a new file begun"
                )
                return
            }
            number += 1
        }
    }
}
