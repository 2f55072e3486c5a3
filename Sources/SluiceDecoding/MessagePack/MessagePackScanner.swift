internal import CSluice

/// Finds where a MessagePack value ends whose bytes come in pieces.
///
/// It keeps two numbers, however deep the value is nested; each byte is looked at about once; and a value that is larger than allowed
/// is refused when its size is announced.
package struct MessagePackScanner {
    /// What is known of the value.
    package enum Progress: Equatable {
        /// It has so many bytes.
        case whole(Int)
        /// More bytes are needed.
        case part
        /// It is no MessagePack.
        case malformed
        /// It has, or announces, more bytes than allowed.
        case tooLarge
    }

    private let bytesMax: UInt64
    private var walk = sl_msgpack_walk_begin()

    /// A scanner at the start of a value of at most `bytesMax` bytes.
    package init(bytesMax: Int) { self.bytesMax = UInt64(bytesMax) }

    /// Looks at the bytes of the value that have come so far, those of earlier calls included.
    package mutating func scan(_ bytes: UnsafeRawBufferPointer) -> Progress {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return .part }
        // SAFETY: the walk stays within `count` bytes.
        return switch sl_msgpack_walk_on(&walk, start, bytes.count, bytesMax) {
        case SL_MSGPACK_WHOLE: .whole(Int(walk.position))
        case SL_MSGPACK_INVALID: .malformed
        case SL_MSGPACK_LARGE: .tooLarge
        default: .part
        }
    }
}
