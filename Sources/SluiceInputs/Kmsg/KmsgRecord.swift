/// A record of the kernel's log, as `/dev/kmsg` gives it (Documentation/ABI/testing/dev-kmsg):
///
///     6,339,5140900,-;NET: Registered protocol family 10
///      SUBSYSTEM=net
///      DEVICE=+net:eth0
///     └ priority, sequence, microseconds since the start, flags; text; then a line ` KEY=value` for each property
struct KmsgRecord {
    typealias Bytes = Slice<UnsafeRawBufferPointer>

    /// Facility × 8 + severity.
    let priority: Int64
    let sequence: Int64
    /// Since the machine's start.
    let microseconds: Int64
    let text: Bytes
    /// Names and values, each as it came.
    let properties: Bytes

    /// Reads one record without its last line end; nil when it is none.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let semicolon = bytes.firstIndex(of: UInt8(ascii: ";")) else { return nil }
        let head = bytes[..<semicolon].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard head.count >= 3, let priority = Self.number(head[0]), let sequence = Self.number(head[1]),
            let microseconds = Self.number(head[2])
        else { return nil }
        self.priority = priority
        self.sequence = sequence
        self.microseconds = microseconds
        let rest = bytes[(semicolon + 1)...]
        let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
        text = rest[..<end]
        properties = end < rest.endIndex ? rest[(end + 1)...] : rest[end...]
    }

    private static func number(_ digits: Bytes) -> Int64? {
        guard 1...18 ~= digits.count, digits.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// Calls `body` with the name and the value of each property.
    func forEachProperty(_ body: (Bytes, [UInt8]) -> Void) {
        for line in properties.split(separator: UInt8(ascii: "\n")) where line.first == UInt8(ascii: " ") {
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")), equals > line.startIndex + 1 else { continue }
            body(line[(line.startIndex + 1)..<equals], Self.unescaped(line[(equals + 1)...]))
        }
    }

    /// The text with `\x41` as the byte that it stands for: the kernel writes what is not printable ASCII so.
    static func unescaped(_ bytes: Bytes) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        var at = bytes.startIndex
        while at < bytes.endIndex {
            if bytes[at] == UInt8(ascii: "\\"), at + 3 < bytes.endIndex, bytes[at + 1] == UInt8(ascii: "x"),
                let high = hexadecimal(bytes[at + 2]), let low = hexadecimal(bytes[at + 3])
            {
                text.append(high << 4 | low)
                at += 4
            } else {
                text.append(bytes[at])
                at += 1
            }
        }
        return text
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        case 0x41...0x46: digit - 0x41 + 10
        default: nil
        }
    }
}
