/// Bytes of a connection on their way to frames: pure, bounded, and the same frames come out however the bytes are cut.
package struct TransferReader {
    /// Most bytes of an unpacked payload that are taken; nil while no data may come yet.
    package var payloadBytesMax: Int?
    /// Whether the peer's greeting has come.
    package private(set) var isGreeted = false

    private var bytes: [UInt8] = []
    private var start = 0

    /// A reader at the beginning of a connection.
    package init() {}

    /// Whether something has begun that is not whole yet.
    package var isInFrame: Bool { start < bytes.count }

    /// Takes what has come.
    package mutating func append(_ new: UnsafeRawBufferPointer) {
        if start > 0 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: new)
    }

    /// The next whole frame; nil when more bytes are needed. After a fault nothing can be read any more.
    package mutating func next() throws(TransferError) -> TransferFrame? {
        if !isGreeted, try !readGreeting() { return nil }
        let count = bytes.count - start
        guard count >= TransferFrame.Limit.headBytes else { return nil }
        let length = (0..<4).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
        guard let kind = TransferFrame.Kind(rawValue: bytes[start + 4]) else {
            throw TransferFrame.malformed("a frame of the unknown type \(bytes[start + 4])")
        }
        try check(length, kind)
        let whole = TransferFrame.Limit.headBytes + length + TransferFrame.Limit.checksumBytes
        guard count >= whole else {
            if bytes.capacity - start < whole { bytes.reserveCapacity(start + whole) }
            return nil
        }
        let body = start + TransferFrame.Limit.headBytes
        let end = body + length
        let checksum = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[end + $1]) << (8 * UInt32($1)) }
        guard checksum == TransferFrame.checksum(bytes[start..<end]) else {
            throw TransferError(.checksum, "a frame of \(length) bytes came damaged: its checksum is wrong")
        }
        let frame = try TransferFrame(kind, body: bytes[body..<end])
        start += whole
        if start == bytes.count { empty() }
        return frame
    }

    /// What is longer than it may be is refused by its length, before it comes.
    private func check(_ length: Int, _ kind: TransferFrame.Kind) throws(TransferError) {
        guard kind == .data else {
            guard length <= TransferFrame.Limit.controlBytesMax else {
                throw TransferFrame.malformed("a control frame of \(length) bytes")
            }
            return
        }
        guard let payloadBytesMax else { throw TransferFrame.malformed("data before the hello was answered") }
        guard length >= TransferFrame.Limit.dataHeadBytes else { throw TransferFrame.malformed("a data frame of \(length) bytes") }
        guard length <= TransferFrame.Limit.dataHeadBytes + payloadBytesMax else {
            throw TransferError(
                .tooLarge, "a frame of \(length) bytes exceeds the receiver's `max_frame_size` (\(payloadBytesMax) bytes)")
        }
        let place = start + TransferFrame.Limit.headBytes + 12
        guard bytes.count >= place + 4 else { return }
        let plain = (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
        guard plain <= payloadBytesMax else {
            throw TransferError(
                .tooLarge, "a frame of \(plain) unpacked bytes exceeds the receiver's `max_frame_size` (\(payloadBytesMax) bytes)")
        }
    }

    private mutating func readGreeting() throws(TransferError) -> Bool {
        let magic = TransferGreeting.magic
        guard bytes.prefix(magic.count).elementsEqual(magic.prefix(bytes.count)) else {
            throw TransferError(.foreign, "the peer does not speak the protocol of `type: sluice`")
        }
        guard bytes.count >= TransferGreeting.byteCount else { return false }
        let version = UInt16(bytes[magic.count]) | UInt16(bytes[magic.count + 1]) << 8
        guard version == TransferGreeting.version else {
            throw TransferError(
                .version,
                "the peer speaks version \(version) of the protocol and this program version \(TransferGreeting.version); upgrade the older one"
            )
        }
        start = TransferGreeting.byteCount
        isGreeted = true
        return true
    }

    /// Keeps a moderate room for the next frames.
    private mutating func empty() {
        if bytes.capacity > Self.keptBytesMax { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
        start = 0
    }

    private static let keptBytesMax = 2 << 20
}
