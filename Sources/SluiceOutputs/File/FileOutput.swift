import Glibc
import Logging
package import SluiceComponent

/// Writes files; their paths may hold fields and times of the events.
///
/// An event counts as delivered when the system has its bytes, with `sync: batch` when they are on the disk. Records are whole in a
/// file: what a full disk takes only a part of is cut off or gone on with. Only a loss of power, or a `kill -9` in the middle of a
/// write, can tear the last one, and the next start then keeps the torn one apart from what follows.
///
/// Three things are kept apart: where a file is (``FileSpot``, ``FileFolders``), how it is opened (``FileOpening``) and what becomes of it
/// when it is done with (``FileRotation``); this type keeps the open ones.
package final class FileOutput: Output {
    private let settings: FileSettings
    private let folders: FileFolders
    private let context: OutputContext
    private var opening: FileOpening
    private var rotation: FileRotation
    /// Open files by their paths as the template gave them.
    private var files: [String: OpenFile] = [:]
    /// Rotated files whose last bytes could not be written yet.
    private var leaving: [OpenFile] = []
    private var uses = 0
    private var isRecovered = false
    private var nextSync: Int64 = 0
    private var nextLook: Int64 = 0
    private var nextRetention: Int64 = 0
    private var opened = 0
    private var reopened = 0
    private var bytesOfClosed = 0

    init(_ settings: FileSettings, _ context: OutputContext, system: any FileSystem) {
        self.settings = settings
        self.context = context
        folders = FileFolders(system: system, root: settings.root, creates: settings.createsFolders, folderMode: settings.folderMode)
        opening = FileOpening(settings: settings, folders: folders, context: context)
        rotation = FileRotation(settings: settings, folders: folders, context: context)
    }

    package func write(_ parcel: Parcel) throws(OutputError) {
        let now = context.now()
        try finishLeftovers(now)
        try parcel.writeParts { part, bytes, written throws(OutputError) in
            let file = try self.file(for: part.path ?? settings.literal ?? "", now)
            do throws(SystemFault) {
                try file.write(bytes, written: &written)
            } catch {
                throw folders.error("write", file.spot, error)
            }
            file.lastUsed = now
        }
    }

    package func commit() throws(OutputError) {
        let now = context.now()
        for file in files.values where file.needsFlush {
            do throws(SystemFault) { try file.flush() } catch { throw folders.error("write", file.spot, error) }
        }
        try closeLeaving()
        try sync(now)
        lookForRemoved(now)
    }

    package func tend(now: Int64) throws(OutputError) -> Int64? {
        var failure: OutputError?
        var next = Int64.max
        do throws(OutputError) { try finishLeftovers(now) } catch { failure = error }
        if let moment = retain(now) { next = moment }
        for (path, file) in files {
            do throws(OutputError) {
                if let moment = try tend(file, path, now) { next = min(next, moment) }
            } catch {
                failure = failure ?? error
            }
        }
        do throws(OutputError) {
            try closeLeaving()
            try sync(now)
        } catch {
            failure = failure ?? error
        }
        if case .interval = settings.sync, files.values.contains(where: \.needsSync) { next = min(next, nextSync) }
        if let failure { throw failure }
        return next == .max ? nil : next
    }

    package func reopen() {
        guard !settings.isAtomic else { return }
        reopened += 1
        for (path, file) in files {
            file.isOutdated = true
            guard !file.hasUnfinishedPart else { continue }
            // What cannot be closed now is closed before its next write.
            do throws(OutputError) { try close(file, path, context.now()) } catch { tell(error) }
        }
    }

    package func close() throws(OutputError) {
        var failure: OutputError?
        for (path, file) in files {
            do throws(OutputError) { try close(file, path, context.now()) } catch { failure = failure ?? error }
        }
        do throws(OutputError) { try closeLeaving() } catch { failure = failure ?? error }
        for file in Array(files.values) + leaving { file.release() }
        files = [:]
        leaving = []
        if let failure { throw failure }
    }

    package var counters: [OutputCounter] {
        [
            OutputCounter("files_open", files.count, isTotal: false),
            OutputCounter("files_opened", opened),
            OutputCounter("files_rotated", rotation.rotations),
            OutputCounter("files_deleted", rotation.deleted),
            OutputCounter("files_repaired", opening.repaired),
            OutputCounter("files_set_aside", opening.setAside),
            OutputCounter("reopens", reopened),
            OutputCounter("file_bytes_written", files.values.reduce(bytesOfClosed) { $0 + $1.bytesWritten }),
        ]
    }

    private static let lookNs: Int64 = 1_000_000_000
    private static let retentionNs: Int64 = 3_600_000_000_000

    /// The open file of a path.
    private func file(for path: String, _ now: Int64) throws(OutputError) -> OpenFile {
        if let file = files[path] {
            if file.hasUnfinishedPart || !file.isOutdated && !rotation.isDue(file, now: now) { return used(file) }
            if file.isOutdated { try close(file, path, now) } else { try putAway(file, path, now) }
        }
        if files.count >= settings.maxOpenFiles, let oldest = files.min(by: { $0.value.useNumber < $1.value.useNumber }) {
            try close(oldest.value, oldest.key, now)
        }
        let spot = try settings.root.spot(of: path, disarm: settings.names.disarmed)
        var file = try opening.open(spot, now: now)
        opened += 1
        files[path] = file
        if rotation.isDue(file, now: now) {
            try putAway(file, path, now)
            file = try opening.open(spot, now: now)
            opened += 1
            files[path] = file
        }
        return used(file)
    }

    private func used(_ file: OpenFile) -> OpenFile {
        uses += 1
        file.useNumber = uses
        return file
    }

    /// What time brings for one file; answers when it brings something next.
    private func tend(_ file: OpenFile, _ path: String, _ now: Int64) throws(OutputError) -> Int64? {
        if !file.hasUnfinishedPart {
            if rotation.isOver(file, now: now) {
                try putAway(file, path, now)
                return nil
            }
            if file.isOutdated || file.lastUsed + settings.idleCloseNs <= now {
                try close(file, path, now)
                return nil
            }
        }
        var next = file.lastUsed + settings.idleCloseNs
        if file.isInMember {
            let end = file.lastUsed + settings.compressionFlushNs
            if end <= now {
                do throws(SystemFault) { try file.finishMember() } catch { throw folders.error("write", file.spot, error) }
            } else {
                next = min(next, end)
            }
        }
        if let end = settings.rotation?.periodEnd(after: now) { next = min(next, end) }
        return next
    }

    /// Deletes rotated files that have become too old: of a fixed path always, of others while they are open. Answers when to look again.
    private func retain(_ now: Int64) -> Int64? {
        guard settings.rotation?.ageNsMax != nil else { return nil }
        if now < nextRetention { return nextRetention }
        if let literal = settings.literal, let spot = try? settings.root.spot(of: literal, disarm: settings.names.disarmed) {
            rotation.retain(spot, now: now)
        } else {
            for file in files.values { rotation.retain(file.spot, now: now) }
        }
        nextRetention = now + Self.retentionNs
        return nextRetention
    }

    /// Closes a file that may be opened again; one that becomes visible when it is complete is complete now.
    private func close(_ file: OpenFile, _ path: String, _ now: Int64) throws(OutputError) {
        if settings.isAtomic, file.isRegular { return try putAway(file, path, now) }
        do throws(SystemFault) { try file.close(syncing: settings.sync != .never) } catch { throw folders.error("write", file.spot, error) }
        forget(file, path)
    }

    /// Gives a file its last name and closes it.
    private func putAway(_ file: OpenFile, _ path: String, _ now: Int64) throws(OutputError) {
        do throws(SystemFault) {
            if settings.isAtomic {
                try file.finishMember()
                if settings.sync != .never { try file.sync() }
                try rotation.complete(file, now: now)
                file.release()
            } else {
                try rotation.rotate(file, now: now)
                leaving.append(file)
            }
        } catch {
            throw folders.error("rename", file.spot, error)
        }
        forget(file, path)
        try closeLeaving()
    }

    private func forget(_ file: OpenFile, _ path: String) {
        bytesOfClosed += file.bytesWritten
        files[path] = nil
    }

    private func closeLeaving() throws(OutputError) {
        while let file = leaving.last {
            let before = file.bytesWritten
            defer { bytesOfClosed += file.bytesWritten - before }
            do throws(SystemFault) {
                try file.close(syncing: settings.sync != .never)
            } catch {
                throw folders.error("write", file.spot, error)
            }
            leaving.removeLast()
        }
    }

    private func sync(_ now: Int64) throws(OutputError) {
        if case .interval(let interval) = settings.sync {
            guard now >= nextSync else { return }
            nextSync = now + interval
        }
        guard settings.sync != .never else { return }
        for file in files.values where file.needsSync {
            do throws(SystemFault) { try file.sync() } catch { throw folders.error("sync", file.spot, error) }
        }
    }

    /// A file that somebody removed gets no more records: they would vanish with it.
    private func lookForRemoved(_ now: Int64) {
        guard now >= nextLook else { return }
        nextLook = now + Self.lookNs
        for file in files.values where !file.isOutdated {
            do throws(SystemFault) {
                guard try file.isRemoved() else { continue }
            } catch { continue }
            file.isOutdated = true
            context.log.warning(
                "output `\(context.name)`: `\(folders.root.text(file.spot))` was removed while it was written; a new one is begun with the next event"
            )
        }
    }

    private func tell(_ error: OutputError) {
        context.log.warning("output `\(context.name)`: \(error.message); it is tried again with the next event")
    }
}

extension FileOutput {
    /// Completes the files that an earlier run did not (`atomic`): once, before anything is written.
    private func finishLeftovers(_ now: Int64) throws(OutputError) {
        guard settings.isAtomic, !isRecovered else { return }
        var spots: [FileSpot] = []
        do throws(SystemFault) {
            try findLeftovers([], &spots)
        } catch {
            guard error.number == ENOENT else { throw folders.error("list", FileSpot(folders: [], name: ""), error) }
        }
        for spot in spots {
            let file = try opening.open(spot, now: now)
            do throws(SystemFault) {
                try file.finishMember()
                try rotation.complete(file, now: now)
            } catch {
                throw folders.error("rename", spot, error)
            }
            file.release()
            context.log.info("output `\(context.name)`: completed `\(folders.root.text(spot))`, which an earlier run had left unfinished")
        }
        isRecovered = true
    }

    private func findLeftovers(_ path: [String], _ spots: inout [FileSpot]) throws(SystemFault) {
        guard path.count <= Self.leftoverDepthMax else { return }
        let system = folders.system
        let folder = try folders.folder(of: FileSpot(folders: path, name: ""), creating: false)
        defer { system.close(folder) }
        for name in try uninterrupted({ () throws(SystemFault) in try system.names(folder) }) {
            guard let facts = try uninterrupted({ () throws(SystemFault) in try system.facts(folder, name) }) else { continue }
            if facts.kind == .folder, settings.root.isTemplated {
                try findLeftovers(path + [name], &spots)
            } else if facts.kind == .regular, let whole = settings.names.whole(of: name) {
                spots.append(FileSpot(folders: path, name: whole))
            }
        }
    }

    /// Folders below the root that are looked through for files an earlier run left.
    private static let leftoverDepthMax = 16
}
