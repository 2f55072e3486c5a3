import NIOCore

/// Whole records as they go over the wire: what is given to a connection at once, and given again when it was lost.
struct RecordChunk: Sendable, Equatable {
    let bytes: ByteBuffer
    let records: Int

    /// Length in bytes.
    var count: Int { bytes.readableBytes }
}
