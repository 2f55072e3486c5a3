package import CSluice
package import SluiceEvent

/// One undecoded record: where its bytes lie in a batch's arena.
package struct Frame {
    /// The original bytes, kept for `meta.raw`, dead letters and the `raw` encoding.
    package var raw: sl_span
    /// The bytes to decode: those of `raw`, or their UTF-8 conversion further back in the arena.
    package var text: sl_span
    /// What framing, joining and conversion had to repair.
    package var flags: EventFlags

    /// A frame whose text is its raw bytes.
    @inlinable @inline(__always)
    package init(offset: Int, length: Int, flags: EventFlags = EventFlags(rawValue: 0)) {
        raw = sl_span(offset: UInt32(truncatingIfNeeded: offset), length: UInt32(truncatingIfNeeded: length))
        text = raw
        self.flags = flags
    }
}
