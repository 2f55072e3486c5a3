import CSluice

/// What was appended to a buffer since a mark, and may have to be altered to fit a format.
///
/// Values are appended as they are and looked at where they then lie, warm in the cache; most need nothing.
struct OutputTail {
    let output: UnsafeMutablePointer<sl_buffer>
    let start: Int

    /// A mark at the buffer's end.
    @inline(__always)
    init(_ output: UnsafeMutablePointer<sl_buffer>) {
        self.output = output
        start = output.pointee.length
    }

    /// A mark further back.
    init(_ output: UnsafeMutablePointer<sl_buffer>, from start: Int) {
        self.output = output
        self.start = start
    }

    /// Bytes since the mark.
    @inline(__always) var count: Int { output.pointee.length - start }

    /// The first of them; valid until the buffer grows.
    @inline(__always) var bytes: UnsafeMutablePointer<UInt8> { output.pointee.bytes + start }

    /// Whether one of four bytes is among them.
    @inline(__always)
    func contains(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) -> Bool {
        // SAFETY: `count` bytes from `bytes` on are in use, and padding follows.
        count > 0 && sl_has_any(bytes, count, a, b, c, d)
    }

    /// Keeps the first `limit` bytes, not cutting a UTF-8 sequence; answers whether any had to go.
    func cut(to limit: Int) -> Bool {
        guard count > limit else { return false }
        var kept = limit
        // SAFETY: `kept` is below `count`.
        while kept > 0, kept > limit - 4, bytes[kept] & 0xC0 == 0x80 { kept -= 1 }
        output.pointee.length = start + kept
        return true
    }

    /// Puts `_` in the place of every byte that is not allowed; answers whether there was one.
    @inline(__always)
    func sanitise(_ isAllowed: (UInt8) -> Bool) -> Bool {
        guard count > 0 else { return false }
        let bytes = bytes
        var isAltered = false
        // SAFETY: `count` bytes from `bytes` on are in use.
        for index in 0..<count where !isAllowed(bytes[index]) {
            bytes[index] = UInt8(ascii: "_")
            isAltered = true
        }
        return isAltered
    }

    /// Writes every byte anew through `put`, which writes up to `bytesMax` bytes for each and answers how many.
    @inline(__always)
    func rewrite(bytesMax: Int, _ put: (UInt8, UnsafeMutablePointer<UInt8>) -> Int) {
        let count = count
        guard count > 0 else { return }
        // The new text is made behind the old one, which it then takes the place of: no further memory is needed.
        // SAFETY: the room for the longest result is reserved before any pointer is taken.
        let first = sl_buffer_reserve(output, count * bytesMax)!
        var to = first
        let from = bytes
        for index in 0..<count { to += put(from[index], to) }
        let length = to - first
        memmove(from, first, length)
        output.pointee.length = start + length
    }

    /// Line ends become `\n` and `\r`; answers whether there were any.
    @inline(__always)
    func escapeLineEnds() -> Bool {
        guard contains(0x0A, 0x0D, 0x0A, 0x0D) else { return false }
        rewrite(bytesMax: 2) { byte, to in
            // SAFETY: at most two bytes.
            guard byte == 0x0A || byte == 0x0D else {
                to[0] = byte
                return 1
            }
            to[0] = UInt8(ascii: "\\")
            to[1] = UInt8(ascii: byte == 0x0A ? "n" : "r")
            return 2
        }
        return true
    }

    /// LF, CR and NUL become `#012`, `#015` and `#000`, as syslog daemons write them; answers whether there were any.
    @inline(__always)
    func escapeOctal() -> Bool {
        guard contains(0x0A, 0x0D, 0, 0) else { return false }
        rewrite(bytesMax: 4) { byte, to in
            // SAFETY: at most four bytes.
            guard byte == 0x0A || byte == 0x0D || byte == 0 else {
                to[0] = byte
                return 1
            }
            to[0] = UInt8(ascii: "#")
            to[1] = 0x30 + byte >> 6
            to[2] = 0x30 + byte >> 3 & 7
            to[3] = 0x30 + byte & 7
            return 4
        }
        return true
    }
}
