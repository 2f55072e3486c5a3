/// Datagrams that are too large are cut, without tearing a character.
enum DatagramText {
    /// The longest beginning of at most `bytesMax` bytes that does not end within a character of UTF-8; bytes that are no UTF-8 are cut
    /// anywhere.
    static func cut(_ bytes: UnsafeRawBufferPointer, to bytesMax: Int) -> UnsafeRawBufferPointer {
        guard bytes.count > bytesMax else { return bytes }
        var end = bytesMax
        // A character has at most three bytes behind its first.
        while end > 0, bytesMax - end < 3, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        if bytes[end] & 0xC0 == 0x80 || end == 0 { end = bytesMax }
        return UnsafeRawBufferPointer(rebasing: bytes[..<end])
    }
}
