import NIOCore

/// Room for what a connection reads: small ones for trickles, up to 64 KiB for streams, and none that stays behind.
///
/// A channel that reads one message at a time keeps its first buffer for life, which is why that one is small. NIO's own allocator would
/// use it again, grown, so that each of ten thousand connections that once had a burst kept 64 KiB.
struct ReceiveBuffers: RecvByteBufferAllocator {
    static let smallestBytes = 512
    static let largestBytes = 65_536

    private var sizes = AdaptiveRecvByteBufferAllocator(minimum: smallestBytes, initial: smallestBytes, maximum: largestBytes)

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { sizes.buffer(allocator: allocator) }

    /// Says that the next buffer may be larger, whether it is or not: then a kept one is not used again.
    mutating func record(actualReadBytes: Int) -> Bool {
        _ = sizes.record(actualReadBytes: actualReadBytes)
        return true
    }
}
