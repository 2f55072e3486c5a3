import Glibc
import SluiceComponent

/// One file that is being sent to one reader: the open file, and how far it was sent.
///
/// Stays with its file whatever becomes of the name. Lives on the host's loop.
final class ServedStream {
    let file: ServedFile
    let inode: Inode
    let descriptor: Int32
    /// Bytes before the next one to send.
    private(set) var offset: Int
    /// The last bytes that were sent: other ones in their place mean that the file was written anew.
    private var tail: [UInt8] = []
    /// When it grew last, and when it was found to have a successor; monotonic.
    private var grownNs: Int64
    private var replacedNs: Int64?
    private let rotateWaitNs: Int64

    /// Takes the descriptor over.
    init(_ file: ServedFile, _ inode: Inode, descriptor: Int32, offset: Int, rotateWaitNs: Int64, now: Int64) {
        self.file = file
        self.inode = inode
        self.descriptor = descriptor
        self.offset = offset
        self.rotateWaitNs = rotateWaitNs
        grownNs = now
    }

    deinit { close(descriptor) }

    /// What there is to do. `now` is monotonic, `time` nanoseconds since 1970 UTC.
    func look(now: Int64, time: Int64) -> ServePace.Look {
        var look = ServePace.Look()
        guard let open = RotatedFile(path: file.path, descriptor: descriptor) else {
            look.isChanged = true
            return look
        }
        look.unsent = open.size - offset
        look.isChanged = look.unsent < 0 || bytes(at: offset - tail.count, count: tail.count) != tail
        if look.unsent > 0 { grownNs = now }
        guard look.unsent == 0, !look.isChanged, isReplaced else {
            replacedNs = nil
            return look
        }
        look.hasSuccessor = true
        let since = replacedNs ?? now
        replacedNs = since
        if !open.isSettled(now: time, rotateWaitNs: rotateWaitNs) { look.unsettledNs = max(0, max(since, grownNs) + rotateWaitNs - now) }
        return look
    }

    /// The next bytes, at most as many as fit; how many there are.
    func read(into room: UnsafeMutableRawBufferPointer) -> Int {
        max(0, pread(descriptor, room.baseAddress, room.count, offset))
    }

    /// Bytes that were read are on their way.
    func pass(_ bytes: UnsafeRawBufferPointer) {
        offset += bytes.count
        if bytes.count >= Fingerprint.tailBytesMax {
            tail = Array(bytes.suffix(Fingerprint.tailBytesMax))
        } else {
            tail = Array((tail + bytes).suffix(Fingerprint.tailBytesMax))
        }
    }

    /// Whether there is a younger file. The set is listed only when the name means another file or none.
    private var isReplaced: Bool {
        if FileStatus(path: file.path)?.inode == inode { return false }
        let set = RotatedSet(of: file)
        return set.successor(of: inode.number) != nil
    }

    private func bytes(at offset: Int, count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { room, length in
            length = max(0, pread(descriptor, room.baseAddress, count, offset))
        }
    }
}
