import CSluice

/// Writes the JSON text of an object result member by member.
struct TableWriter {
    private let buffer: UnsafeMutablePointer<sl_buffer>
    private var isEmpty = true

    /// Opens the object.
    init(_ buffer: UnsafeMutablePointer<sl_buffer>) {
        self.buffer = buffer
        buffer.append(UInt8(ascii: "{"))
    }

    /// Writes a name; the caller writes the value's JSON.
    mutating func key(_ name: UnsafeRawBufferPointer) {
        if !isEmpty { buffer.append(UInt8(ascii: ",")) }
        isEmpty = false
        buffer.appendLiteral(name)
        buffer.append(UInt8(ascii: ":"))
    }

    /// The same for a name of the program.
    mutating func key(_ name: StaticString) {
        // SAFETY: a static string lives for ever.
        key(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    /// The same for a text.
    mutating func key(_ name: String) {
        var name = name
        name.withUTF8 { key(UnsafeRawBufferPointer($0)) }
    }

    /// A member that is text.
    mutating func text(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
        key(name)
        buffer.appendLiteral(value)
    }

    /// A member that is text, ASCII letters made small.
    mutating func lowered(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
        key(name)
        let start = buffer.pointee.length
        buffer.appendLiteral(value)
        for index in start..<buffer.pointee.length where buffer.pointee.bytes[index] &- 0x41 < 26 {
            buffer.pointee.bytes[index] |= 0x20
        }
    }

    /// A member that is a number.
    mutating func integer(_ name: StaticString, _ value: Int64) {
        key(name)
        buffer.appendInteger(value)
    }

    /// Closes the object.
    func end() { buffer.append(UInt8(ascii: "}")) }
}
