import Glibc

/// Random bytes of the system, fetched in blocks, or a repeatable sequence from a seed for tests and replays.
package struct RandomSource: RandomNumberGenerator {
    private static let blockWords = 32
    private var block: [UInt64] = []
    private var state: UInt64?

    /// The system's secure generator.
    package init() {}

    /// The sequence of a seed (SplitMix64): repeatable and not secret.
    package init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        if let state {
            self.state = state &+ 0x9E37_79B9_7F4A_7C15
            var word = state &+ 0x9E37_79B9_7F4A_7C15
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
        if block.isEmpty { fill() }
        return block.removeLast()
    }

    private mutating func fill() {
        block = [UInt64](unsafeUninitializedCapacity: RandomSource.blockWords) { buffer, count in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            // SAFETY: the block is ours and as long as one request may be (256 bytes).
            precondition(getentropy(bytes.baseAddress!, bytes.count) == 0, "the system gives no random bytes")
            count = RandomSource.blockWords
        }
    }
}

extension HostContext {
    /// The system's monotonic clock.
    package static func monotonicNanoseconds() -> Int64 {
        var time = timespec()
        // SAFETY: the clock exists on every Linux and the record is ours.
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
