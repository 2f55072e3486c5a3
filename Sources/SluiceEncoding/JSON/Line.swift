import CSluice

/// The line under construction: the end of a buffer, with the position in the caller's hands so that it stays in a register.
///
/// The buffer's own functions may append between ``close(_:)`` and ``open()``.
struct Line {
    /// Bytes that a name leaves free for a value besides its text.
    static let valueBytes = 64

    let output: UnsafeMutablePointer<sl_buffer>
    private var limit: UnsafeMutablePointer<UInt8>

    /// Makes room for a line of usual length.
    @inline(__always)
    init(_ output: UnsafeMutablePointer<sl_buffer>) {
        self.output = output
        // SAFETY: a reserved buffer has bytes.
        _ = sl_buffer_reserve(output, 512)
        limit = output.pointee.bytes + output.pointee.capacity
    }

    /// Hands the position to the buffer.
    @inline(__always)
    func close(_ to: UnsafeMutablePointer<UInt8>) { output.pointee.length = to - output.pointee.bytes }

    /// Takes the position back, with room for the end of a value and of the line and `more` bytes.
    mutating func open(_ more: Int = 0) -> UnsafeMutablePointer<UInt8> {
        // SAFETY: a reserved buffer has bytes.
        let to = sl_buffer_reserve(output, Self.valueBytes &+ more)!
        limit = output.pointee.bytes + output.pointee.capacity
        return to
    }

    /// Writes `,"name":` and makes room for a value of that many bytes and ``valueBytes`` more; answers the new position.
    @inline(__always)
    mutating func writeName(
        _ key: UnsafePointer<sl_key>, valueBytes: Int, at position: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        var to = position
        let length = Int(key.pointee.json_length)
        if limit - to < length &+ valueBytes &+ Self.valueBytes { to = grow(length &+ valueBytes, to) }
        // SAFETY: the room was checked; the key's text is followed by readable bytes.
        to[0] = UInt8(ascii: ",")
        sl_copy_padded(to + 1, UnsafeRawPointer(key.pointee.json).assumingMemoryBound(to: UInt8.self), length)
        return to + (length &+ 1)
    }

    @inline(never)
    private mutating func grow(_ more: Int, _ to: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        close(to)
        return open(more)
    }

    /// Ends the line that began at `start`: the first comma becomes its brace.
    @inline(__always)
    func finish(from start: Int, at to: UnsafeMutablePointer<UInt8>) {
        // SAFETY: every name and value leaves room for two bytes more.
        output.pointee.bytes[start] = UInt8(ascii: "{")
        to[0] = UInt8(ascii: "}")
        to[1] = 0x0A
        close(to + 2)
    }
}
