import CSluice

/// Writing to the buffer that text results lie in.
extension UnsafeMutablePointer where Pointee == sl_buffer {
    /// Adds bytes.
    @inline(__always) func append(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        sl_buffer_append(self, start, bytes.count)
    }

    /// Adds one byte.
    @inline(__always) func append(_ byte: UInt8) { sl_buffer_append_byte(self, byte) }

    /// Adds a text that is part of the program.
    @inline(__always) func append(_ text: StaticString) {
        sl_buffer_append(self, text.utf8Start, text.utf8CodeUnitCount)
    }

    /// Adds a text; for rare results.
    func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Adds an integer's decimal digits.
    @inline(__always) func appendInteger(_ value: Int64) {
        let room = sl_buffer_reserve(self, 20)!
        // SAFETY: 20 bytes were reserved, the longest text of a 64-bit integer.
        let length = room.withMemoryRebound(to: CChar.self, capacity: 20) { sl_print_integer($0, value) }
        pointee.length += length
    }

    /// Adds the shortest text of a double.
    @inline(__always) func appendDouble(_ value: Double) {
        let room = sl_buffer_reserve(self, 32)!
        // SAFETY: 32 bytes were reserved, as `sl_print_double` asks.
        let length = room.withMemoryRebound(to: CChar.self, capacity: 32) { sl_print_double($0, value) }
        pointee.length += length
    }

    /// The bytes written since `start`; valid until the next write.
    @inline(__always) func bytes(from start: Int) -> UnsafeRawBufferPointer {
        // SAFETY: `start` is an earlier length of this buffer.
        UnsafeRawBufferPointer(start: pointee.bytes + start, count: pointee.length - start)
    }

    /// Adds a JSON string literal. Bytes that are not UTF-8 stay as they are: the binding takes them.
    func appendLiteral(_ bytes: UnsafeRawBufferPointer) {
        append(UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0..<0x20:
                append("\\u00")
                append(hexDigit(byte >> 4))
                append(hexDigit(byte & 15))
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    /// Adds a text as JSON string literal; for rare results.
    func appendLiteral(_ text: String) {
        var text = text
        text.withUTF8 { appendLiteral(UnsafeRawBufferPointer($0)) }
    }

    /// Adds bytes as lower-case hexadecimal digits.
    func appendHexadecimal(_ bytes: UnsafeRawBufferPointer) {
        // SAFETY: two digits a byte were reserved.
        let room = sl_buffer_reserve(self, bytes.count * 2)!
        for (index, byte) in bytes.enumerated() {
            room[index * 2] = hexDigit(byte >> 4)
            room[index * 2 + 1] = hexDigit(byte & 15)
        }
        pointee.length += bytes.count * 2
    }
}

/// The lower-case digit of a value below 16.
@inline(__always) func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x57 &+ value }

/// The value of a hexadecimal digit, or 16 and more.
@inline(__always) func hexValue(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x30...0x39: byte &- 0x30
    case 0x41...0x46: byte &- 0x37
    case 0x61...0x66: byte &- 0x57
    default: 0xFF
    }
}
