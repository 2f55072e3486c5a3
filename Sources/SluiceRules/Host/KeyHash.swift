/// A 128-bit hash of a key with a secret of this process: SipHash-1-3 in its 128-bit form.
///
/// Two different keys have the same hash with a chance of one in 10^38, so a store may keep the hash in the key's place.
struct KeyHash: Equatable {
    let low: UInt64
    let high: UInt64

    /// Hash of bytes; `salt` sets apart stores that share a process (a window, a rate).
    init(_ bytes: UnsafeRawBufferPointer, salt: UInt64) {
        var state = State(salt)
        let whole = bytes.count & ~7
        var index = 0
        while index < whole {
            state.take(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
            index += 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        while index < bytes.count {
            last |= UInt64(bytes[index]) << UInt64((index & 7) * 8)
            index += 1
        }
        state.take(last)
        low = state.finish(0xEE)
        high = state.finish(0xDD)
    }

    private static let secret: (UInt64, UInt64) = (.random(in: .min ... .max), .random(in: .min ... .max))

    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        @inline(__always) init(_ salt: UInt64) {
            let (k0, k1) = (KeyHash.secret.0 ^ salt, KeyHash.secret.1)
            v0 = k0 ^ 0x736f_6d65_7073_6575
            v1 = k1 ^ 0x646f_7261_6e64_6f6d ^ 0xEE
            v2 = k0 ^ 0x6c79_6765_6e65_7261
            v3 = k1 ^ 0x7465_6462_7974_6573
        }

        @inline(__always) mutating func take(_ word: UInt64) {
            v3 ^= word
            round()
            v0 ^= word
        }

        @inline(__always) mutating func finish(_ mark: UInt64) -> UInt64 {
            if mark == 0xEE { v2 ^= mark } else { v1 ^= mark }
            round()
            round()
            round()
            return v0 ^ v1 ^ v2 ^ v3
        }

        @inline(__always) private mutating func round() {
            v0 &+= v1
            v1 = v1 << 13 | v1 >> 51
            v1 ^= v0
            v0 = v0 << 32 | v0 >> 32
            v2 &+= v3
            v3 = v3 << 16 | v3 >> 48
            v3 ^= v2
            v0 &+= v3
            v3 = v3 << 21 | v3 >> 43
            v3 ^= v0
            v2 &+= v1
            v1 = v1 << 17 | v1 >> 47
            v1 ^= v2
            v2 = v2 << 32 | v2 >> 32
        }
    }
}
