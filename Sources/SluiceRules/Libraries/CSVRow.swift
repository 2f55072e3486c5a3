import CSluice

/// Reads one row of comma-separated values (RFC 4180): fields in quotes may hold delimiters, line ends and doubled quotes.
///
/// Tolerant: a quote inside an unquoted field is a character, text behind a closing quote belongs to the field.
struct CSVRow {
    /// The fields' bytes, quotes resolved.
    private(set) var fields: [[UInt8]] = []
    /// Whether the last field's quote was closed.
    private(set) var isClosed = true

    /// Reads the row at `start` and sets `start` behind its line end.
    init(_ text: UnsafeRawBufferPointer, delimiter: UInt8, at start: inout Int) {
        var field: [UInt8] = []
        var isQuoted = false
        var isAtStart = true
        var index = start
        while index < text.count {
            let byte = text[index]
            index += 1
            if isQuoted {
                if byte != UInt8(ascii: "\"") {
                    field.append(byte)
                } else if index < text.count, text[index] == byte {
                    field.append(byte)
                    index += 1
                } else {
                    isQuoted = false
                }
            } else if byte == delimiter {
                fields.append(field)
                field.removeAll(keepingCapacity: true)
                isAtStart = true
            } else if byte == 0x0A {
                break
            } else if byte == 0x0D, index == text.count || text[index] == 0x0A {
                continue
            } else if byte == UInt8(ascii: "\""), isAtStart {
                isQuoted = true
                isAtStart = false
            } else {
                field.append(byte)
                isAtStart = false
            }
        }
        fields.append(field)
        isClosed = !isQuoted
        start = index
    }

    /// Writes one field, in quotes when its bytes ask for it.
    static func append(_ field: UnsafeRawBufferPointer, delimiter: UInt8, to buffer: UnsafeMutablePointer<sl_buffer>) {
        let needsQuotes =
            field.contains { $0 == delimiter || $0 == UInt8(ascii: "\"") || $0 == 0x0A || $0 == 0x0D }
            || field.first == 0x20 || field.last == 0x20
        if !needsQuotes { return buffer.append(field) }
        buffer.append(UInt8(ascii: "\""))
        for byte in field {
            if byte == UInt8(ascii: "\"") { buffer.append(byte) }
            buffer.append(byte)
        }
        buffer.append(UInt8(ascii: "\""))
    }
}
