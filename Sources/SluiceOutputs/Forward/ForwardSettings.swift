import SluiceNetwork

/// Checked options of a `forward` output.
struct ForwardSettings: Sendable {
    let dial: DialSetting
    /// What the receiver asks for; nil when it asks for nothing. Its host name is empty for the machine's own.
    let secret: ForwardSecret?
    let user: ForwardSecret.User?
    /// Whether the receiver has to acknowledge each chunk.
    let requiresAcknowledgement: Bool
    let acknowledgementNs: Int64
    let isCompressed: Bool
    /// Bytes of a chunk's events before compression, unless a single event has more.
    let chunkBytesMax: Int
}
