package import CSluice
package import SluiceComponent

/// Puts each record of another encoder behind its length.
package struct FramedEncoder: Encoder {
    /// Digits of the largest length and the blank behind them.
    private static let countBytesMax = 11

    private var inner: any Encoder
    private let framing: RecordFraming

    /// An encoder whose records are framed otherwise; nothing changes with ``RecordFraming/asEncoded``.
    package init(_ inner: any Encoder, _ framing: RecordFraming) {
        self.inner = inner
        self.framing = framing
    }

    package var counts: EncodingCounts { inner.counts }

    package mutating func encode(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        guard framing != .asEncoded else { return inner.encode(event, of: batch, to: output) }
        let start = output.pointee.length
        let room = framing == .sized ? 4 : Self.countBytesMax
        _ = sl_buffer_reserve(output, room)
        output.pointee.length += room
        inner.encode(event, of: batch, to: output)
        // SAFETY: `start` to `length` is in use; the encoder's record lies behind the room that was left for its length.
        let record = output.pointee.bytes + start + room
        var length = output.pointee.length - start - room
        if length > 0, record[length - 1] == 0x0A { length -= 1 }
        output.pointee.length = start + room + length
        switch framing {
        case .asEncoded: break
        case .sized: UnsafeMutableRawPointer(record - 4).storeBytes(of: UInt32(length).littleEndian, as: UInt32.self)
        case .counted:
            var digits = 1
            var rest = length / 10
            while rest > 0 {
                digits += 1
                rest /= 10
            }
            let prefix = output.pointee.bytes + start
            memmove(prefix + digits + 1, record, length)
            prefix[digits] = 0x20
            rest = length
            for index in stride(from: digits - 1, through: 0, by: -1) {
                prefix[index] = 0x30 + UInt8(rest % 10)
                rest /= 10
            }
            output.pointee.length = start + digits + 1 + length
        }
    }
}

/// Records behind four bytes of length each, as ``RecordFraming/sized`` leaves them.
package struct SizedRecords: Sequence, IteratorProtocol {
    private var rest: UnsafeRawBufferPointer

    /// Records of bytes that an encoder with this framing has written, from the start of one on.
    package init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    /// The next record, without its length; valid as long as the bytes.
    package mutating func next() -> UnsafeRawBufferPointer? {
        guard rest.count >= 4 else { return nil }
        let length = Int(UInt32(littleEndian: rest.loadUnaligned(as: UInt32.self)))
        guard length <= rest.count - 4 else { return nil }
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[(4 + length)...]) }
        return UnsafeRawBufferPointer(rebasing: rest[4..<4 + length])
    }
}
