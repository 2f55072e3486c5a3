import NIOCore
import SluiceNetwork

/// Checked options of an output that sends to streams.
struct StreamSettings: Sendable {
    let dial: DialSetting
    let framing: WireFraming
    /// Whether separators inside records stay: the encoding protects them.
    let keepsSeparators: Bool
    /// What stands at the beginning of each connection, as records go over the wire.
    let header: ByteBuffer
    let recordsPerSecondMax: Int?
    let windowBytesMax: Int
}
