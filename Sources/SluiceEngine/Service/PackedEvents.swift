import CSluice
import Glibc
import SluiceEvent

/// Packed events one behind the other, each with its length (four bytes, little-endian) in front.
enum PackedEvents {
    private static let lengthBytes = 4

    /// Appends one event.
    static func append(_ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to buffer: UnsafeMutablePointer<sl_buffer>) {
        let start = buffer.pointee.length
        var placeholder: UInt32 = 0
        sl_buffer_append(buffer, &placeholder, lengthBytes)
        sl_event_pack(batch, event, buffer)
        var length = UInt32(buffer.pointee.length - start - lengthBytes).littleEndian
        // SAFETY: the four bytes at `start` were appended above.
        memcpy(buffer.pointee.bytes + start, &length, lengthBytes)
    }

    /// Where `count` events behind the first `skipped` ones stand; less when there are not so many.
    static func range(of count: Int, behind skipped: Int, in buffer: UnsafePointer<sl_buffer>) -> Range<Int> {
        guard let bytes = buffer.pointee.bytes else { return 0..<0 }
        var at = 0
        var start = 0
        for number in 0..<skipped + count {
            if number == skipped { start = at }
            var length: UInt32 = 0
            guard at + lengthBytes <= buffer.pointee.length else { break }
            memcpy(&length, bytes + at, lengthBytes)
            at = min(buffer.pointee.length, at + lengthBytes + Int(UInt32(littleEndian: length)))
            if number < skipped { start = at }
        }
        return start..<at
    }

    /// Appends all events of a buffer to a batch; what is no event ends it.
    static func unpack(_ buffer: UnsafePointer<sl_buffer>, into batch: borrowing EventBatch) {
        guard let bytes = buffer.pointee.bytes else { return }
        var at = 0
        while at + lengthBytes <= buffer.pointee.length {
            var length: UInt32 = 0
            memcpy(&length, bytes + at, lengthBytes)
            let count = Int(UInt32(littleEndian: length))
            at += lengthBytes
            guard count <= buffer.pointee.length - at, sl_event_unpack(batch.raw, bytes + at, count) != nil else { return }
            at += count
        }
    }
}
