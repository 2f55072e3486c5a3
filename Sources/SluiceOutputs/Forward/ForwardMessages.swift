import CSluice
import SluiceNetwork

/// What a receiver says, cut into messages.
struct ForwardMessages {
    /// Bytes of one message of a receiver at most: it has a few names to say.
    static let bytesMax = 64 << 10

    private var bytes: [UInt8] = []

    /// Bytes came.
    mutating func received(_ more: [UInt8]) { bytes += more }

    /// The next whole message, as its bytes; nil when more have to come.
    mutating func next() throws(NetworkError) -> [UInt8]? {
        var walk = sl_msgpack_walk_begin()
        // SAFETY: the walk stays within the array.
        let state = bytes.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { sl_msgpack_walk_on(&walk, $0, bytes.count, UInt64(Self.bytesMax)) } ?? SL_MSGPACK_PART
        }
        switch state {
        case SL_MSGPACK_PART: return nil
        case SL_MSGPACK_WHOLE:
            defer { bytes.removeFirst(Int(walk.position)) }
            return Array(bytes[..<Int(walk.position)])
        default: throw NetworkError(.handshake, "the receiver answers with something that is not of the forward protocol")
        }
    }
}
