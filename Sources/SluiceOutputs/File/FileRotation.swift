import Glibc
import Logging
import SluiceComponent

/// Gives files that are done with their last name, and deletes the oldest of them.
struct FileRotation {
    let settings: FileSettings
    let folders: FileFolders
    let context: OutputContext
    /// Files that got their last name by rotation.
    private(set) var rotations = 0
    /// Rotated files that were deleted by `keep` or `max_age`.
    private(set) var deleted = 0

    init(settings: FileSettings, folders: FileFolders, context: OutputContext) {
        self.settings = settings
        self.folders = folders
        self.context = context
    }

    private var system: any FileSystem { folders.system }

    /// Whether a file must not be written any further.
    func isDue(_ file: OpenFile, now: Int64) -> Bool {
        isOver(file, now: now) || file.isRegular && settings.rotation?.sizeBytesMax.map { file.sizeToBe >= $0 } ?? false
    }

    /// Whether the period of a file is over.
    func isOver(_ file: OpenFile, now: Int64) -> Bool {
        guard let policy = settings.rotation, file.isRegular, file.sizeToBe > 0 else { return false }
        return policy.period(at: now) > file.period
    }

    /// Renames a file that is being written to the name of a rotated one.
    mutating func rotate(_ file: OpenFile, now: Int64) throws(SystemFault) {
        let folder = try folders.folder(of: file.spot, creating: false)
        defer { system.close(folder) }
        switch settings.names.style {
        case .time: try rename(folder, file.name, to: try stampedName(folder, file.spot.name, now: now))
        case .number:
            try shift(folder, file.spot.name)
            try rename(folder, file.name, to: settings.names.numbered(file.spot.name, 1))
        }
        rotations += 1
        retain(folder, file.spot, now: now)
    }

    /// Gives a complete file the name it was written for, or that of a rotated one when there is such a file already.
    mutating func complete(_ file: OpenFile, now: Int64) throws(SystemFault) {
        let folder = try folders.folder(of: file.spot, creating: false)
        defer { system.close(folder) }
        let isFree = try facts(folder, file.spot.name) == nil
        try rename(folder, file.name, to: isFree ? file.spot.name : try stampedName(folder, file.spot.name, now: now))
        if settings.sync == .batch { try uninterrupted { () throws(SystemFault) in try system.sync(folder) } }
        retain(folder, file.spot, now: now)
    }

    /// Deletes rotated files that are too many or too old. What fails is told and tried again at the next rotation.
    mutating func retain(_ spot: FileSpot, now: Int64) {
        do throws(SystemFault) {
            let folder = try folders.folder(of: spot, creating: false)
            defer { system.close(folder) }
            retain(folder, spot, now: now)
        } catch {
            // A folder that nobody made yet holds nothing to delete.
            if error.number != ENOENT { tellOfRetention(spot, error) }
        }
    }

    private mutating func retain(_ folder: Int32, _ spot: FileSpot, now: Int64) {
        guard let policy = settings.rotation, policy.keepFiles != nil || policy.ageNsMax != nil else { return }
        do throws(SystemFault) {
            var files: [(rank: FileNames.Rank, name: String)] = []
            for name in try uninterrupted({ () throws(SystemFault) in try system.names(folder) }) {
                if let rank = settings.names.rank(of: name, rotatedFrom: spot.name) { files.append((rank, name)) }
            }
            files.sort { $0.rank < $1.rank }
            for (index, file) in files.enumerated() {
                let isTooMany = policy.keepFiles.map { files.count - index > $0 } ?? false
                if !isTooMany, try !isTooOld(folder, file.name, file.rank, policy, now: now) { continue }
                try uninterrupted { () throws(SystemFault) in try system.remove(folder, file.name) }
                deleted += 1
            }
        } catch {
            tellOfRetention(spot, error)
        }
    }

    private func isTooOld(
        _ folder: Int32, _ name: String, _ rank: FileNames.Rank, _ policy: RotationPolicy, now: Int64
    ) throws(SystemFault) -> Bool {
        guard let age = policy.ageNsMax else { return false }
        if rank.seconds != 0 { return rank.seconds * 1_000_000_000 + age <= now }
        return try facts(folder, name).map { $0.modified + age <= now } ?? false
    }

    private func tellOfRetention(_ spot: FileSpot, _ fault: SystemFault) {
        let reason = String(cString: strerror(fault.number))
        context.log.warning(
            "output `\(context.name)`: cannot delete old files of `\(folders.root.text(spot))`: \(reason); they stay until the next rotation"
        )
    }

    /// Makes `.1` free by renaming, the oldest first: up to the first number that is free, so that an interrupted shift is gone on with.
    private func shift(_ folder: Int32, _ name: String) throws(SystemFault) {
        var free = 1
        while try facts(folder, settings.names.numbered(name, free)) != nil { free += 1 }
        while free > 1 {
            try rename(folder, settings.names.numbered(name, free - 1), to: settings.names.numbered(name, free))
            free -= 1
        }
    }

    private func stampedName(_ folder: Int32, _ name: String, now: Int64) throws(SystemFault) -> String {
        var number = 0
        while true {
            let stamped = settings.names.stamped(name, seconds: now / 1_000_000_000, number: number)
            if try facts(folder, stamped) == nil { return stamped }
            number += 1
        }
    }

    private func facts(_ folder: Int32, _ name: String) throws(SystemFault) -> FileFacts? {
        try uninterrupted { () throws(SystemFault) in try system.facts(folder, name) }
    }

    private func rename(_ folder: Int32, _ old: String, to new: String) throws(SystemFault) {
        try uninterrupted { () throws(SystemFault) in try system.rename(folder, old, to: new) }
    }
}
