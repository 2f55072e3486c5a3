package import CSluice

/// An ordered group of events that travels together: one arena, one array of 16-byte slots (layout in `sluice_event.h`).
///
/// A batch has one owner and is never copied. Everything in it is an offset into its memory, so a value is valid until the
/// batch is cleared. Decoders write events through ``raw`` with the inline functions of `sluice_event.h`; no heap
/// allocation or reference count happens per event.
package struct EventBatch: ~Copyable {
    /// The C record behind the batch, for the functions of `sluice_event.h`.
    package let raw: UnsafeMutablePointer<sl_batch>

    /// Bytes one batch may hold: input, decoded text and what rules add.
    package static let bytesMax: UInt32 = 512 << 20

    /// An empty batch; ends the process when there is no memory for its header.
    package init(bytesMax: UInt32 = EventBatch.bytesMax) {
        guard let raw = sl_batch_create(bytesMax, nil, nil) else { preconditionFailure("out of memory for a batch") }
        self.raw = raw
    }

    deinit { sl_batch_destroy(raw) }

    /// Forgets all events and bytes, keeps the memory.
    package borrowing func clear() { sl_batch_clear(raw) }

    /// Events in the batch, in the order in which they were made (not the chain's).
    package var count: Int { Int(raw.pointee.event_count) }

    /// Bytes of the arena in use.
    package var byteCount: Int { Int(raw.pointee.length) }

    /// Makes room for `count` more bytes without moving the arena until they are used up.
    package borrowing func reserve(_ count: Int) {
        guard sl_batch_reserve(raw, count) else {
            preconditionFailure("batch of \(raw.pointee.length) bytes cannot grow by \(count) bytes")
        }
    }

    /// Copies bytes to the end of the arena and returns where they lie.
    package borrowing func append(_ bytes: UnsafeRawBufferPointer) -> sl_span {
        reserve(bytes.count)
        let offset = sl_batch_append(raw, bytes.baseAddress ?? UnsafeRawPointer(raw), bytes.count)
        return sl_span(offset: offset, length: UInt32(bytes.count))
    }

    /// The bytes of a span; valid until the arena grows.
    package borrowing func bytes(_ span: sl_span) -> UnsafeRawBufferPointer {
        // An arena that never held a byte has no address, and an empty span of it none either.
        guard let base = raw.pointee.bytes else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        // SAFETY: spans are made from this arena and the arena never shrinks before `clear`.
        return UnsafeRawBufferPointer(start: base + Int(span.offset), count: Int(span.length))
    }

    /// Calls `body` for each event in order: along the chain, so that emitted events follow their source.
    package borrowing func forEachEvent(_ body: (UnsafeMutablePointer<sl_event>) -> Void) {
        var index = raw.pointee.first
        while index != UInt32.max {
            let event = raw.pointee.events + Int(index)
            body(event)
            index = raw.pointee.events[Int(index)].next
        }
    }
}

extension sl_span {
    /// No bytes.
    package static var empty: sl_span { sl_span(offset: 0, length: 0) }

    /// Offset behind the last byte.
    @inline(__always) package var end: UInt32 { offset &+ length }
}
