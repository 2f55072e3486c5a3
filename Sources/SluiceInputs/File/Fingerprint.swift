/// What a stretch of a file holds, in few bytes: FNV-1a, 64 bits. Tells files apart, not forgeries.
struct Fingerprint: Equatable, Sendable {
    /// Bytes at a file's start that tell it from others.
    static let headBytesMax = 1_024
    /// Bytes before a position that show whether the file is still the one that was read.
    static let tailBytesMax = 64

    let hash: UInt64
    let length: Int

    /// Of nothing.
    static let none = Fingerprint(UnsafeRawBufferPointer(start: nil, count: 0))

    init(hash: UInt64, length: Int) {
        self.hash = hash
        self.length = length
    }

    /// Of all bytes.
    init(_ bytes: UnsafeRawBufferPointer) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        self.init(hash: hash, length: bytes.count)
    }

    /// Of all bytes.
    init(_ bytes: [UInt8]) { self = bytes.withUnsafeBytes { Fingerprint($0) } }

    /// Whether bytes begin with those that it was made of.
    func isStart(of bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= length && Fingerprint(UnsafeRawBufferPointer(rebasing: bytes[..<length])) == self
    }
}
