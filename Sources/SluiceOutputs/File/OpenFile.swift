import CSluice
import Glibc
import SluiceComponent

/// One open file and what still has to go into it.
///
/// What is waiting (`pending`) are bytes that the file must get before anything else: its header, and with compression what came out
/// of it. They are ahead of what the file holds and are kept until the system has taken them, however often it fails. Records that are
/// not compressed go straight from the parcel: when the system takes only a part of them, the file is cut back to the last whole
/// record group, or, when even that fails, the next try goes on exactly where the system stopped.
final class OpenFile {
    /// Bytes that compression may hold back before they are written.
    private static let pendingBytesMax = 128 << 10

    let spot: FileSpot
    /// Its name in the folder: the one of `spot`, or that of a file which is not complete yet.
    let name: String
    let isRegular: Bool
    /// Bytes in the file, as far as this program wrote them.
    private(set) var size: Int
    /// The period of rotation that it belongs to.
    let period: Int64
    /// When it was last written, in the time of the output's clock.
    var lastUsed: Int64
    /// Counts uses: the smallest was used longest ago.
    var useNumber = 0
    /// Whether it is to be closed as soon as nothing of a part is half in it.
    var isOutdated = false
    /// Written since the last `fdatasync`.
    private(set) var needsSync = false
    /// Written since the last flush.
    private var isDirty = false
    /// Bytes handed to the system.
    private(set) var bytesWritten = 0

    private let system: any FileSystem
    private let descriptor: Int32
    private let stream: StreamWriter?
    private let compression: (any FileCompression)?
    private let pending = UnsafeMutablePointer<sl_buffer>.allocate(capacity: 1)
    private var pendingWritten = 0
    /// Bytes of a part that is not whole in the file.
    private var unfinished = 0
    private var isClosed = false

    init(
        _ system: any FileSystem, _ descriptor: Int32, spot: FileSpot, name: String, size: Int, stream: StreamWriter?,
        compression: (any FileCompression)?, period: Int64, now: Int64
    ) {
        self.system = system
        self.descriptor = descriptor
        self.spot = spot
        self.name = name
        isRegular = stream == nil
        self.size = size
        self.stream = stream
        self.compression = compression
        self.period = period
        lastUsed = now
        pending.initialize(to: sl_buffer())
    }

    deinit {
        release()
        sl_buffer_destroy(pending)
        pending.deallocate()
    }

    /// Whether there is something that the system did not get yet, or not readable.
    var needsFlush: Bool { isDirty || pendingWritten < pending.pointee.length }

    /// Whether a part is half in it.
    var hasUnfinishedPart: Bool { unfinished > 0 }

    /// Whether a member of compressed data has no end yet.
    var isInMember: Bool { compression?.isInMember ?? false }

    /// Bytes that it has when everything is written.
    var sizeToBe: Int { size + pending.pointee.length - pendingWritten }

    /// Puts bytes in front of everything that is written next: a header.
    func begin(with bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        isDirty = true
        bytes.withUnsafeBytes { bytes in
            if let compression {
                compression.compress(bytes, to: pending)
            } else {
                sl_buffer_append(pending, bytes.baseAddress!, bytes.count)
            }
        }
    }

    /// Puts bytes of the file's own form in front of everything that is written next.
    func begin(withRaw bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        isDirty = true
        sl_buffer_append(pending, bytes, bytes.count)
    }

    /// Writes a part of a parcel, or takes it into the compression; `written` bytes of it are in the file already.
    func write(_ bytes: UnsafeRawBufferPointer, written: inout Int) throws(SystemFault) {
        guard let compression else {
            try drain()
            return try append(bytes, written: &written)
        }
        if pending.pointee.length - pendingWritten >= Self.pendingBytesMax { try drain() }
        compression.compress(bytes, to: pending)
        isDirty = true
    }

    /// Hands everything to the system, readable.
    func flush() throws(SystemFault) {
        if isDirty { compression?.flush(to: pending) }
        isDirty = false
        try drain()
    }

    /// Ends the member of compressed data, if there is one.
    func finishMember() throws(SystemFault) {
        compression?.finish(to: pending)
        isDirty = false
        try drain()
    }

    /// Forces what was written onto the disk.
    func sync() throws(SystemFault) {
        guard needsSync, isRegular else { return }
        try uninterrupted { () throws(SystemFault) in try system.sync(descriptor) }
        needsSync = false
    }

    /// Whether the file has no name any more: somebody removed it.
    func isRemoved() throws(SystemFault) -> Bool {
        guard isRegular else { return false }
        return try uninterrupted { () throws(SystemFault) in try system.facts(descriptor) }.links == 0
    }

    /// Writes what is left, cuts a half part off and closes; after an error it is still open.
    func close(syncing: Bool) throws(SystemFault) {
        if unfinished > 0 { try takeBack() }
        try finishMember()
        if syncing { try sync() }
        release()
    }

    /// Closes without writing anything.
    func release() {
        if !isClosed { system.close(descriptor) }
        isClosed = true
    }

    private func append(_ bytes: UnsafeRawBufferPointer, written: inout Int) throws(SystemFault) {
        if unfinished > 0, unfinished != written { try takeBack() }
        if unfinished == 0 { written = 0 }
        unfinished = 0
        needsSync = true
        do throws(SystemFault) {
            try put(bytes, &written)
        } catch {
            unfinished = written
            do throws(SystemFault) {
                if written > 0, isRegular { try takeBack() }
            } catch {}
            if unfinished == 0, isRegular { written = 0 }
            throw error
        }
    }

    /// Cuts off the part that is half in the file. When somebody else wrote to the file or cut it, that cannot be: then a line end
    /// keeps the half record from tearing the next one.
    private func takeBack() throws(SystemFault) {
        let actual = isRegular ? try uninterrupted { () throws(SystemFault) in try system.facts(descriptor) }.size : nil
        if actual == size {
            let whole = size - unfinished
            try uninterrupted { () throws(SystemFault) in try system.truncate(descriptor, to: whole) }
            size = whole
            unfinished = 0
        } else {
            unfinished = 0
            begin(withRaw: [0x0A])
            try drain()
        }
    }

    private func drain() throws(SystemFault) {
        guard pendingWritten < pending.pointee.length else { return }
        needsSync = true
        // SAFETY: `length` bytes are in use.
        try put(UnsafeRawBufferPointer(start: pending.pointee.bytes, count: pending.pointee.length), &pendingWritten)
        pending.pointee.length = 0
        pendingWritten = 0
    }

    private func put(_ bytes: UnsafeRawBufferPointer, _ written: inout Int) throws(SystemFault) {
        let before = written
        defer {
            size += written - before
            bytesWritten += written - before
        }
        if let stream { return try stream.put(bytes, written: &written) }
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = try uninterrupted { () throws(SystemFault) in try system.write(descriptor, rest) }
            // A file that takes nothing and says nothing is full.
            if count == 0 { throw SystemFault(ENOSPC) }
            written += count
        }
    }
}
