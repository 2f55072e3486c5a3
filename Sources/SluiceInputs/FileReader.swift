package import SluiceComponent
import CSluice
package import SluiceEvent

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Reads a file, a pipe or standard input into arenas.
///
/// Compressed input (gzip, zstd) is known by its first bytes, not by its name. ``read(into:)`` never waits: it answers `.idle`
/// when nothing has come, and ``wait(timeoutNs:stopDescriptor:)`` waits. With `follows` a file's end is not the end: what is appended
/// comes when it is written, and a file that was replaced or truncated is begun anew, as `tail -F` does.
package struct FileReader: ~Copyable {
    /// What a read gave.
    package enum Outcome: Equatable, Sendable {
        /// So many bytes were appended to the arena.
        case bytes(Int)
        /// Nothing now.
        case idle
        /// Nothing any more.
        case ended
        /// The file was replaced or truncated: what comes is another stream.
        case restarted
    }

    /// Why a wait ended.
    package enum Waking: Equatable, Sendable {
        /// A read may give something.
        case input
        case timeout
        /// A signal came.
        case interrupted
        /// The stop descriptor became readable.
        case stopped
    }

    /// Bytes of one read.
    package static let readBytes = 256 << 10
    /// Changes that no watch reports (links, network file systems) are looked for this often.
    private static let lookNs: Int64 = 1_000_000_000

    /// Name for messages: the path, or `standard input`.
    package let name: String
    private let isOwned: Bool
    private let isRegular: Bool
    private var descriptor: Int32
    private var following: FileFollowing?
    /// Nil until the first bytes were seen.
    private var format: CompressionFormat?
    private var decompression: (any Decompression)?
    private var held = HeldBytes()
    /// The last step filled its room: there may be more without further input.
    private var hasMoreOutput = false
    /// A pipe or terminal has ended; a terminal would have to be told again.
    private var hasEnded = false
    /// Raw bytes read of the file that is open now.
    private var position = 0

    /// Raw (compressed) bytes read so far; with ``bytesTotal`` the progress.
    package private(set) var bytesRead = 0
    /// Size of a regular file when it was opened; nil for pipes and followed files.
    package private(set) var bytesTotal: Int?

    /// Opens a path; `-` is standard input.
    package init(path: String, follows: Bool = false) throws(InputError) {
        if path == "-" {
            try self.init(descriptor: 0, name: "standard input", closes: false)
            return
        }
        switch SystemCall.openFile(path) {
        case .failure(let error): throw InputError.system("open", path, error.number)
        case .success(let opened):
            try self.init(descriptor: opened, name: path, closes: true)
            if follows, isRegular {
                following = FileFollowing(path: path)
                bytesTotal = nil
            }
        }
    }

    /// Takes an open descriptor; `closes` says whether it is closed at the end.
    package init(descriptor: Int32, name: String, closes: Bool) throws(InputError) {
        var status = stat()
        let number = fstat(descriptor, &status) == 0 ? (status.st_mode & S_IFMT == S_IFDIR ? EISDIR : 0) : errno
        if number != 0 {
            if closes { close(descriptor) }
            throw InputError.system("read", name, number)
        }
        self.descriptor = descriptor
        self.name = name
        isOwned = closes
        isRegular = status.st_mode & S_IFMT == S_IFREG
        if isRegular { bytesTotal = Int(status.st_size) }
    }

    deinit {
        if isOwned { close(descriptor) }
    }

    /// Appends what is there to the arena. When it throws, everything before the fault was given out by earlier calls.
    package mutating func read(into batch: borrowing EventBatch) throws(InputError) -> Outcome {
        batch.reserve(Self.readBytes)
        if format == nil, try !findFormat() { return .idle }
        if decompression != nil { return try readCompressed(into: batch) }
        if held.count > 0 {
            let count = held.count
            _ = batch.append(held.bytes)
            held.drop(count)
            return .bytes(count)
        }
        let raw = batch.raw
        // SAFETY: the room was reserved above.
        let end = UnsafeMutableRawPointer(raw.pointee.bytes + Int(raw.pointee.length))
        let room = UnsafeMutableRawBufferPointer(start: end, count: Self.readBytes)
        guard let length = try readRaw(room) else { return .idle }
        raw.pointee.length += UInt32(length)
        return length > 0 ? .bytes(length) : try atEnd()
    }

    /// Whether a read would give something (or find the end) at once.
    package var isReady: Bool {
        if held.count > 0 || hasMoreOutput || hasEnded { return true }
        guard isRegular else { return SystemCall.isReadable(descriptor) }
        return change.map { $0 != .none } ?? true
    }

    /// Waits until ``read(into:)`` may give something, at most `timeoutNs` nanoseconds (nil: for ever). Ends early when
    /// `stopDescriptor` becomes readable.
    package borrowing func wait(timeoutNs: Int64? = nil, stopDescriptor: Int32 = -1) -> Waking {
        if isRegular, following == nil { return .input }
        var boundNs = timeoutNs
        var watched = descriptor
        if let following {
            boundNs = min(timeoutNs ?? Self.lookNs, Self.lookNs)
            watched = following.descriptor
            following.drain()
            if change != FileFollowing.Change.none { return .input }
        }
        var entries = (
            pollfd(fd: watched, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stopDescriptor, events: Int16(POLLIN), revents: 0)
        )
        let milliseconds = boundNs.map { Int32(clamping: ($0 + 999_999) / 1_000_000) } ?? -1
        let ready = withUnsafeMutableBytes(of: &entries) {
            poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 2, milliseconds)
        }
        if ready < 0 { return .interrupted }
        if entries.1.revents != 0 { return .stopped }
        if ready > 0 { return .input }
        return boundNs == timeoutNs ? .timeout : .input
    }
}

extension FileReader {
    /// What became of a followed file; nil when none is followed.
    private var change: FileFollowing.Change? { following?.change(of: descriptor, position: position) }

    /// Reads raw bytes; nil when there are none now, 0 at the end.
    private mutating func readRaw(_ room: UnsafeMutableRawBufferPointer) throws(InputError) -> Int? {
        if hasEnded { return 0 }
        if !isRegular, !SystemCall.isReadable(descriptor) { return nil }
        // What was written anew past the place that was read to must not be taken for its continuation.
        if following != nil, change == .truncated { return 0 }
        guard let start = room.baseAddress else { return nil }
        switch SystemCall.readOnce(descriptor, start, room.count) {
        case .failure(let error): throw InputError.system("read", name, error.number)
        case .success(nil): return nil
        case .success(let length?):
            bytesRead += length
            position += length
            hasEnded = length == 0 && !isRegular
            if length == 0, let change, change == .none || change == .grown { return nil }
            return length
        }
    }

    /// Looks at the first bytes until they say what the input is; false when there are too few.
    private mutating func findFormat() throws(InputError) -> Bool {
        while true {
            guard let length = try readRaw(held.space) else { return false }
            held.add(length)
            let found = CompressionFormat(of: held.bytes, isWhole: length == 0)
            if found == .undecided { continue }
            decompression = try found.decompression(of: name)
            format = found
            return true
        }
    }

    private mutating func readCompressed(into batch: borrowing EventBatch) throws(InputError) -> Outcome {
        guard let decompression else { preconditionFailure("the input is not compressed") }
        let raw = batch.raw
        while true {
            if held.count > 0 || hasMoreOutput {
                // SAFETY: the room was reserved by `read(into:)`.
                let end = UnsafeMutableRawPointer(raw.pointee.bytes + Int(raw.pointee.length))
                let room = UnsafeMutableRawBufferPointer(start: end, count: Self.readBytes)
                let step = try decompression.step(held.bytes, to: room)
                held.drop(step.consumed)
                hasMoreOutput = step.written == room.count
                raw.pointee.length += UInt32(step.written)
                if step.written > 0 { return .bytes(step.written) }
                continue
            }
            guard let length = try readRaw(held.space) else { return .idle }
            held.add(length)
            if length == 0 {
                try decompression.finish()
                return try atEnd()
            }
        }
    }

    /// Nothing is left to read; a followed file may begin anew.
    private mutating func atEnd() throws(InputError) -> Outcome {
        guard let following else { return .ended }
        if change == .truncated {
            lseek(descriptor, 0, SEEK_SET)
        } else {
            switch SystemCall.openFile(following.path) {
            case .failure(let error):
                if SystemCall.kind(of: error.number) == .missing { return .idle }
                throw InputError.system("open", following.path, error.number)
            case .success(let opened):
                close(descriptor)
                descriptor = opened
                following.watchFile()
            }
        }
        following.restart()
        position = 0
        format = nil
        decompression = nil
        hasMoreOutput = false
        return .restarted
    }
}
