import CSluice
package import SluiceComponent
package import SluiceEvent
package import SluiceOutputs

/// One output of a filter: encodes a batch's share into a buffer and writes it when there is enough of it or nothing else to do.
package final class OutputStage {
    /// Bytes after which a buffer is written.
    private static let writeBytes = 64 << 10

    package let name: String
    private var encoder: any Encoder
    private var writer: FileWriter
    private let buffer = UnsafeMutablePointer<sl_buffer>.allocate(capacity: 1)
    /// Events encoded so far.
    package private(set) var events = 0

    /// An output.
    package init(name: String, encoder: any Encoder, writer: consuming FileWriter) {
        self.name = name
        self.encoder = encoder
        self.writer = writer
        buffer.initialize(to: sl_buffer())
    }

    deinit {
        sl_buffer_destroy(buffer)
        buffer.deallocate()
    }

    /// What the encoder had to change.
    package var counts: EncodingCounts { encoder.counts }

    /// Bytes written.
    package var bytesWritten: Int { writer.bytesWritten }

    /// Which file this output writes; nil when it is none.
    package var identity: FileIdentity? { writer.identity }

    /// Encodes the events of the batch that have `bit` set.
    package func encode(_ batch: borrowing EventBatch, bit: UInt64) throws(OutputError) {
        events += encoder.encode(batch: UnsafePointer(batch.raw), bit: bit, to: buffer)
        if buffer.pointee.length >= Self.writeBytes { try flush() }
    }

    /// Writes what was encoded.
    package func flush() throws(OutputError) {
        if buffer.pointee.length > 0 { try writer.write(buffer) }
    }
}
