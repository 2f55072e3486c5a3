import CSluice
import Glibc
import Logging
import SluiceComponent
import SluiceEvent

/// Opening, recognising and closing files.
extension FileRun {
    /// A file that was not followed is followed from now on: from its start, its saved position or its end.
    func begin(_ file: FollowedFile) {
        guard open(file) else { return }
        file.hasBegun = true
        let size = FileStatus(descriptor: file.descriptor)?.size ?? 0
        if let known = remembered.removeValue(forKey: file.inode.key) ?? adopt(file) {
            resume(file, known, size: size)
        } else if setting.startsAtEnd, isFirstStart, file.wasThere {
            skipToEnd(file, size: size)
        } else if session.isRecovering, file.wasThere {
            file.replayEnd = min(size, Self.replayBytesMax)
        }
        enqueue(file)
    }

    /// Makes sure that a file is open; false when it cannot be.
    func open(_ file: FollowedFile) -> Bool {
        useCount += 1
        file.useCount = useCount
        if file.descriptor >= 0 { return true }
        if opened.count >= setting.openFilesMax { closeLeastUsed() }
        switch openPath(file) {
        case .success(let descriptor):
            file.descriptor = descriptor
            opened.insert(file.inode)
            let bornNs = sl_birth_time(descriptor)
            if file.hasBegun {
                file.isOther = bornNs != file.bornNs
            } else {
                file.watch = changes.watch(file: descriptor, file.inode)
                session.count(.opened, 1)
                session.log.debug("`\(file.path)` is followed")
            }
            file.bornNs = bornNs
            return true
        case .failure(let error):
            // A file that went away is no fault: the next listing tells.
            if error.number != ENOENT { complain(file, InputError.system("open", file.path, error.number).message) }
            return false
        }
    }

    /// Opens the name of a file, or the name that it was given since, in the same folder.
    private func openPath(_ file: FollowedFile) -> Result<Int32, SystemError> {
        var result = Self.open(file.path, file.inode)
        if case .failure(let error) = result, error.number == EMFILE || error.number == ENFILE {
            closeLeastUsed()
            result = Self.open(file.path, file.inode)
        }
        guard case .failure(let error) = result, error.number == ENOENT else { return result }
        requestScan()
        let folder = file.path.lastIndex(of: "/").map { String(file.path[..<$0]) } ?? ""
        for name in RealFileTree().names(in: folder.isEmpty ? "/" : folder) ?? [] {
            let path = folder + "/" + name
            if FileStatus(path: path)?.inode == file.inode {
                file.path = path
                return Self.open(path, file.inode)
            }
        }
        return result
    }

    /// Opens a path if it names this file.
    private static func open(_ path: String, _ inode: Inode) -> Result<Int32, SystemError> {
        // Non-blocking, so that a FIFO that took the name does not hold the input.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { return .failure(SystemError(number: errno)) }
        if FileStatus(descriptor: descriptor)?.inode == inode { return .success(descriptor) }
        close(descriptor)
        return .failure(SystemError(number: ENOENT))
    }

    /// Tells once that a file cannot be read.
    func complain(_ file: FollowedFile, _ message: String) {
        session.count(.failures, 1)
        guard !file.hasComplained else { return }
        file.hasComplained = true
        session.log.warning("\(message); it is tried again when it changes")
    }

    // MARK: - Where to begin

    /// The position of a file whose device has another number since the last start, as network file systems and mapped disks have.
    private func adopt(_ file: FollowedFile) -> FilePosition? {
        let suffix = ":" + String(file.inode.number, radix: 16)
        for (key, position) in remembered where key.hasSuffix(suffix) && position.head.length >= Fingerprint.headBytesMax {
            guard open(file), case .same = file.fits(position) else { continue }
            remembered[key] = nil
            send(positions: [Position(key: key, value: nil)])
            return position
        }
        return nil
    }

    private func resume(_ file: FollowedFile, _ position: FilePosition, size: Int) {
        switch file.fits(position) {
        case .other: break
        case .truncated: session.log.info("`\(file.path)` was written anew; it is read from its start")
        case .same(let tail):
            file.head = position.head
            if position.isPacked, position.doneBytes == size {
                file.content = .done
                file.doneBytes = size
                file.readOffset = position.offset
                file.mark.offset = position.offset
                file.saved = file.mark
            } else if position.isPacked {
                file.skip = PackedSkip(offset: position.offset, tail: position.tail, isWhole: false)
            } else if position.offset > 0 {
                goOn(file, at: position.offset, tail: tail)
            }
            if session.isRecovering { file.replayEnd = min(size, position.offset + Self.replayBytesMax) }
        }
    }

    private func skipToEnd(_ file: FollowedFile, size: Int) {
        let start = file.bytes(at: 0, count: Fingerprint.headBytesMax)
        file.head = Fingerprint(start)
        let tailCount = min(size, Fingerprint.tailBytesMax)
        goOn(file, at: size, tail: file.bytes(at: size - tailCount, count: tailCount))
        send(positions: [Position(key: file.inode.key, value: file.position.text)])
    }

    /// Reading goes on in the middle of an open file.
    func goOn(_ file: FollowedFile, at offset: Int, tail: [UInt8]) {
        file.content = .plain
        file.readOffset = offset
        file.mark = FollowedFile.Mark(offset: offset, tail: tail)
        file.saved = file.mark
        let head = file.bytes(at: 0, count: shared.readsHeader ? setting.decoding.frameBytesMax : 4)
        head.withUnsafeBytes { file.decoder.resume(head: $0, session: session) }
    }

    // MARK: - Closing

    /// A file is not followed any more: what waits in it becomes events.
    func finish(_ file: FollowedFile) {
        end(file, position: nil)
        remembered[file.inode.key] = file.position
        changes.unwatch(file.watch)
        opened.remove(file.inode)
        waiting.remove(file.inode)
        files[file.inode] = nil
        session.log.debug("`\(file.path)` is gone and not followed any more")
    }

    /// The stream that was read so far is over: what waits in it becomes events. `position`: the one to save with them.
    func end(_ file: FollowedFile, position: FilePosition?) {
        guard file.carried.count > 0 || file.decoder.hasOpenFrame || file.decoder.openPlace != nil, let box = takeBatch() else { return }
        _ = box.events.append(file.carried.bytes)
        _ = file.decoder.decode(box.events, from: 0, isFinal: true, session: session)
        let isWide = setting.decoding.isWide
        file.mark.pass(
            isWide ? UnsafeRawBufferPointer(start: nil, count: 0) : file.carried.bytes, sourceBytes: file.readOffset - file.mark.offset)
        file.carried.replace(with: UnsafeRawBufferPointer(start: nil, count: 0))
        file.saved = file.mark
        if setting.includesPath { box.events.addPath(file.path) }
        session.send(
            box, stream: file.inode.stream, bytes: 0,
            positions: [Position(key: file.inode.key, value: (position ?? file.position).text)])
    }

    /// Closes the file that was read longest ago among those that can be opened again, else among all.
    private func closeLeastUsed() {
        // What was read to its end and has a name loses nothing; what has no name any more cannot be opened again.
        func rank(_ file: FollowedFile) -> (Int, Int, Int) { (file.isListed ? 0 : 1, file.isQueued ? 1 : 0, file.useCount) }
        let open = opened.compactMap { files[$0] }.filter { $0.descriptor >= 0 && $0.useCount != useCount }
        guard let victim = open.min(by: { rank($0) < rank($1) }) else { return }
        close(victim.descriptor)
        victim.descriptor = -1
        opened.remove(victim.inode)
    }
}
