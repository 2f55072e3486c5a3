import NIOCore

/// Room for what a connection reads: small ones for trickles, up to 64 KiB for streams, and none that stays behind.
///
/// A channel keeps its first buffer for life, which is why that one is small; NIO would also use it again, grown, so that each of ten
/// thousand connections that once had a burst kept 64 KiB.
struct ReceiveBuffers: RecvByteBufferAllocator {
    static let smallestBytes = 512
    static let largestBytes = 65_536

    private var sizes = AdaptiveRecvByteBufferAllocator(minimum: smallestBytes, initial: smallestBytes, maximum: largestBytes)

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { sizes.buffer(allocator: allocator) }

    /// More than any kept buffer has: each read gets a new one.
    func nextBufferSize() -> Int? { Int.max }

    mutating func record(actualReadBytes: Int) -> Bool { sizes.record(actualReadBytes: actualReadBytes) }
}
