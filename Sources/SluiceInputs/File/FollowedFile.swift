import CSluice
import Glibc
import SluiceComponent
import SluiceEvent

/// One file that an input follows: where it was read to, and what shows that it is still the same file.
///
/// It holds no buffer while nothing waits and may be closed at any time; reading goes on where it was when it is opened again.
///
///     file   │ in events            │ read, waits for its end │ not read
///            ├ head ┤        ┤ tail ├────── carried ──────────┤
///            0                      mark.offset               readOffset
final class FollowedFile {
    /// A place in the file and the bytes before it, ``Fingerprint/tailBytesMax`` at most.
    struct Mark: Equatable {
        var offset = 0
        var tail: [UInt8] = []

        /// Moves behind `bytes`, which come next.
        mutating func pass(_ bytes: UnsafeRawBufferPointer, sourceBytes: Int) {
            offset += sourceBytes
            if bytes.count >= Fingerprint.tailBytesMax {
                tail = Array(bytes.suffix(Fingerprint.tailBytesMax))
            } else if bytes.count > 0 {
                tail = Array((tail + bytes).suffix(Fingerprint.tailBytesMax))
            }
        }
    }

    /// What the file holds.
    enum Content {
        /// Not known before there are enough bytes.
        case unknown, plain, packed
        /// It cannot be read.
        case faulty
        /// Packed and read to its end; nothing is tried before it grows.
        case done
    }

    let inode: Inode
    var path: String
    /// It was there when the input was started.
    let wasThere: Bool
    /// It was opened once, and where to begin is decided.
    var hasBegun = false
    /// It was truncated: its writer may go on at the old place.
    var mayHaveHole = false
    /// Its inode means another file by now.
    var isOther = false
    /// A name of it fits the patterns.
    var isListed = true
    var descriptor: Int32 = -1
    var watch: Int32 = -1
    var content = Content.unknown
    var packed: PackedFile?
    /// What of a packed file was read before, under this or another name.
    var skip: PackedSkip?
    /// It may hold what was read under another name.
    var mayBeCopy = true
    /// Compressed bytes of a file that is ``Content/done``.
    var doneBytes = 0
    var head = Fingerprint.none
    var bornNs: Int64 = 0
    /// Text bytes read so far.
    var readOffset = 0
    /// Behind the last bytes that are in an event or in the decoder.
    var mark = Mark()
    /// The place to go on at after a restart: before ``mark`` while the decoder keeps parts of a record.
    var saved = Mark()
    /// Events before this place may have been sent before a crash.
    var replayEnd = 0
    var decoder: StreamDecoder
    var carried = CarriedBytes()
    /// In the queue of files with something to read.
    var isQueued = false
    /// Its trouble was told.
    var hasComplained = false
    /// When what waits becomes an event although nothing follows; monotonic.
    var flushNs: Int64?
    /// When it was opened or read last, by counting.
    var useCount = 0

    init(_ inode: Inode, path: String, wasThere: Bool, decoder: StreamDecoder) {
        self.inode = inode
        self.path = path
        self.wasThere = wasThere
        self.decoder = decoder
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Its position as it is saved.
    var position: FilePosition {
        var position = FilePosition(path: path)
        position.offset = saved.offset
        position.head = head
        position.tail = Fingerprint(saved.tail)
        position.bornNs = bornNs
        position.isPacked = content == .packed || content == .done
        position.doneBytes = content == .done ? doneBytes : 0
        return position
    }

    /// Begins at the start of other content.
    func restart(_ decoder: StreamDecoder) {
        self.decoder = decoder
        carried.replace(with: UnsafeRawBufferPointer(start: nil, count: 0))
        content = .unknown
        packed = nil
        skip = nil
        head = .none
        readOffset = 0
        mark = Mark()
        saved = Mark()
        replayEnd = 0
        flushNs = nil
        hasComplained = false
        isOther = false
        mayBeCopy = true
    }

    /// Whether the open file still begins and goes on up to the place that was read as it did; learns more of its head.
    func isSame(comparesCarried: Bool) -> Bool {
        let bytesMin = content == .done ? doneBytes : packed?.rawOffset ?? readOffset
        guard !isOther, let status = FileStatus(descriptor: descriptor), status.size >= bytesMin else { return false }
        let start = bytes(at: 0, count: Fingerprint.headBytesMax)
        guard start.withUnsafeBytes({ head.isStart(of: $0) }) else { return false }
        if start.count > head.length { head = Fingerprint(start) }
        guard content == .plain, !mark.tail.isEmpty else { return true }
        var expected = mark.tail
        if comparesCarried { expected += carried.bytes.prefix(Fingerprint.tailBytesMax) }
        return bytes(at: mark.offset - mark.tail.count, count: expected.count) == expected
    }

    /// Whether a saved position is about this very file, and how far it still holds.
    func fits(_ position: FilePosition) -> PositionFit {
        let start = bytes(at: 0, count: Fingerprint.headBytesMax)
        let isBornThen = position.bornNs == 0 || bornNs == 0 || position.bornNs == bornNs
        guard isBornThen, start.withUnsafeBytes({ position.head.isStart(of: $0) }) else { return .other }
        if position.isPacked { return .same(tail: []) }
        guard let status = FileStatus(descriptor: descriptor), status.size >= position.offset else { return .truncated }
        let tail = bytes(at: max(0, position.offset - position.tail.length), count: position.tail.length)
        return Fingerprint(tail) == position.tail ? .same(tail: tail) : .truncated
    }

    /// Bytes of the open file, fewer at its end.
    func bytes(at offset: Int, count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { room, length in
            length = max(0, pread(descriptor, room.baseAddress, count, offset))
        }
    }
}

/// What a saved position has to do with a file.
enum PositionFit: Equatable {
    /// Another file that has the inode by now.
    case other
    /// The file, written anew since.
    case truncated
    case same(tail: [UInt8])
}

/// How much of a packed file was read already.
struct PackedSkip {
    /// Unpacked bytes.
    let offset: Int
    /// The bytes before that place: without them it is another text.
    let tail: Fingerprint
    /// The unpacked file itself is still being followed: nothing of this copy is read.
    let isWhole: Bool
}
