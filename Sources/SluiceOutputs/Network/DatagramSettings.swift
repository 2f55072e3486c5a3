import SluiceNetwork

/// Checked options of an output that sends datagrams.
struct DatagramSettings: Sendable {
    let dial: DialSetting
    let recordsPerSecondMax: Int?
    /// Bytes of a datagram; what is longer is cut.
    let bytesMax: Int
}
