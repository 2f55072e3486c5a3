import CSluice
import Glibc
import Logging
import SluiceComponent
import SluiceEvent

/// What a file holds: plain or packed, the same as before or another text.
extension FileRun {
    /// Reads of a packed file that one turn skips over at most, so that other files have their turn.
    private static let skipsPerTurn = 64
    /// Zeros behind a hole that are passed.
    private static let zerosMax = 64 << 10

    /// The file was truncated or replaced in its place: what waited of the old text becomes events, and the new one is begun.
    func startAnew(_ file: FollowedFile) {
        session.log.info("`\(file.path)` was truncated or written anew; it is read from its start")
        end(file, position: FilePosition(path: file.path))
        file.restart(StreamDecoder(shared))
        waiting.remove(file.inode)
        file.mayHaveHole = true
    }

    /// A writer that keeps its old offset after a truncation leaves a hole at the start; there is nothing to read in it.
    private func passHole(_ file: FollowedFile) {
        let start = max(0, Int(lseek(file.descriptor, 0, Self.seekData)))
        // Holes are as long as blocks of the file system; up to the text there may be further zeros.
        let zeros = file.bytes(at: start, count: Self.zerosMax).prefix { $0 == 0 }.count
        guard start + zeros > 0 else { return }
        goOn(file, at: start + zeros, tail: [])
    }

    /// `SEEK_DATA` of Linux.
    private static let seekData: Int32 = 3

    /// Finds out whether the file is compressed; false when there is nothing to read yet, or never.
    func knowContent(_ file: FollowedFile) -> Bool {
        switch file.content {
        case .plain, .packed: return true
        case .faulty: return false
        case .done:
            guard let size = FileStatus(descriptor: file.descriptor)?.size, size > file.doneBytes else { return false }
            // It goes on: what was read is skipped.
            let skip = PackedSkip(offset: file.mark.offset, tail: Fingerprint(file.mark.tail), isWhole: false)
            file.restart(StreamDecoder(shared))
            file.skip = skip
        case .unknown: break
        }
        let start = file.bytes(at: 0, count: 4)
        let format = start.withUnsafeBytes { CompressionFormat(of: $0, isWhole: false) }
        do throws(InputError) {
            switch format {
            case .undecided: return false
            case .plain:
                file.content = .plain
                // Now there is text: a hole before it is as long as it will ever be.
                if file.mayHaveHole { passHole(file) }
                file.mayHaveHole = false
            case .gzip, .zstd:
                if file.skip == nil {
                    switch try copy(file, format) {
                    case .no: break
                    case .yes(let skip): file.skip = skip
                    case .undecided: return false
                    }
                }
                file.packed = try format.decompression(of: file.path).map { PackedFile($0) }
                file.content = .packed
            }
            return true
        } catch {
            complain(file, error.message)
            file.content = .faulty
            return false
        }
    }

    /// Whether a packed file holds what was read under another name.
    private enum Copy {
        case no
        case yes(PackedSkip)
        /// There is too little of it yet.
        case undecided
    }

    /// Rotation packs files that were read before: then the copy is not read again. The text's first bytes say which one it is, and
    /// those before that file's position whether it really is.
    private func copy(_ file: FollowedFile, _ format: CompressionFormat) throws(InputError) -> Copy {
        guard file.mayBeCopy, var packed = try format.decompression(of: file.path).map({ PackedFile($0) }) else { return .no }
        let scratch = EventBatch()
        reading: while scratch.byteCount < Fingerprint.headBytesMax {
            switch packed.read(file.descriptor, into: scratch) {
            case .bytes: continue
            case .end(isWhole: false): return .undecided
            case .end, .fault: break reading
            }
        }
        let text = scratch.bytes(sl_span(offset: 0, length: UInt32(scratch.byteCount)))
        var best: PackedSkip?
        for other in files.values where other.content == .plain && other.head.length > 0 && other.head.isStart(of: text) {
            if other.mark.offset > best?.offset ?? 0 {
                best = PackedSkip(offset: other.mark.offset, tail: Fingerprint(other.mark.tail), isWhole: true)
            }
        }
        for position in remembered.values where !position.isPacked && position.head.length > 0 && position.head.isStart(of: text) {
            if position.offset > best?.offset ?? 0 {
                best = PackedSkip(offset: position.offset, tail: position.tail, isWhole: false)
            }
        }
        return best.map { .yes($0) } ?? .no
    }

    /// Unpacks what is not to be read again; false when the file has to grow first.
    func passSkip(_ file: FollowedFile, _ batch: borrowing EventBatch) -> Bool {
        guard let skip = file.skip else { return true }
        for _ in 0..<Self.skipsPerTurn {
            let outcome = file.packed?.read(file.descriptor, into: batch)
            if case .end(isWhole: false) = outcome { return false }
            guard case .bytes(let count) = outcome else {
                // All was skipped, or the text ends before the place that was read up to.
                if file.readOffset < skip.offset { readFromStart(file) }
                file.skip = nil
                return true
            }
            let text = batch.bytes(sl_span(offset: 0, length: UInt32(count)))
            let start = file.readOffset
            if start == 0 { file.decoder.resume(head: text, session: session) }
            file.readOffset += count
            let isThere = start < skip.offset && file.readOffset >= skip.offset
            let passed = isThere && !skip.isWhole ? skip.offset - start : count
            if isThere, !hasTail(file.mark, text.prefix(skip.offset - start), skip.tail) {
                readFromStart(file)
                return true
            }
            file.mark.pass(UnsafeRawBufferPointer(rebasing: text[..<passed]), sourceBytes: passed)
            file.saved = file.mark
            if isThere, !skip.isWhole {
                file.skip = nil
                file.carried.replace(with: UnsafeRawBufferPointer(rebasing: text[passed...]))
                return true
            }
            batch.clear()
        }
        return true
    }

    /// What was taken for a copy is another text.
    private func readFromStart(_ file: FollowedFile) {
        session.log.debug("`\(file.path)` is no copy of a file that was read")
        file.restart(StreamDecoder(shared))
        file.mayBeCopy = false
    }

    /// Whether the bytes before a place are those that a fingerprint was made of.
    private func hasTail(_ mark: FollowedFile.Mark, _ text: Slice<UnsafeRawBufferPointer>, _ tail: Fingerprint) -> Bool {
        var mark = mark
        mark.pass(UnsafeRawBufferPointer(rebasing: text), sourceBytes: text.count)
        return Fingerprint(Array(mark.tail.suffix(tail.length))) == tail
    }

    /// A packed file was read to the end of its data: its last line may have no end, and its memory is not needed any more.
    func finishPacked(_ file: FollowedFile) {
        end(file, position: nil)
        file.doneBytes = file.packed?.rawOffset ?? 0
        file.packed = nil
        file.content = .done
        file.skip = nil
        send(positions: [Position(key: file.inode.key, value: file.position.text)])
    }
}
