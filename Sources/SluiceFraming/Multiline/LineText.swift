import CSluice

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A line to look at: bytes that stay where they are.
///
/// Every question is one pass over the bytes at most; nothing allocates.
struct LineText {
    private(set) var start: UnsafePointer<UInt8>
    private(set) var count: Int

    init(_ start: UnsafePointer<UInt8>, count: Int) {
        self.start = start
        self.count = count
    }

    /// The byte at an index below `count`.
    subscript(index: Int) -> UInt8 { start[index] }

    /// Whether there is nothing but blanks and tabs (and the CR of a CR LF).
    var isBlank: Bool { leadingBlanks == count }

    /// Whether it begins with a blank or tab.
    var isIndented: Bool { count > 0 && (start[0] == 0x20 || start[0] == 0x09) }

    /// Blanks and tabs at the start.
    private var leadingBlanks: Int {
        var n = 0
        while n < count, start[n] == 0x20 || start[n] == 0x09 || start[n] == 0x0D { n += 1 }
        return n
    }

    /// The line without blanks at its ends.
    var trimmed: LineText {
        let skipped = leadingBlanks
        var end = count
        while end > skipped, start[end - 1] == 0x20 || start[end - 1] == 0x09 || start[end - 1] == 0x0D { end -= 1 }
        return LineText(start + skipped, count: end - skipped)
    }

    func hasPrefix(_ text: StaticString) -> Bool {
        count >= text.utf8CodeUnitCount && start[0] == text.utf8Start[0]
            && memcmp(start, text.utf8Start, text.utf8CodeUnitCount) == 0
    }

    func hasSuffix(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        return count >= length && start[count - 1] == text.utf8Start[length - 1]
            && memcmp(start + count - length, text.utf8Start, length) == 0
    }

    func contains(_ text: StaticString) -> Bool { index(of: text) != nil }

    /// Index of the first occurrence.
    func index(of text: StaticString) -> Int? {
        let found = sl_find_text(start, count, text.utf8Start, text.utf8CodeUnitCount)
        return found == count ? nil : found
    }

    /// Index of the first such byte from an index on, or `count`.
    func index(ofByte byte: UInt8, from index: Int) -> Int {
        // SAFETY: lines lie in arenas, where SL_PADDING bytes follow.
        index < count ? index + sl_find_either(start + index, count - index, byte, byte) : count
    }

    /// The bytes before an index.
    func prefix(_ length: Int) -> LineText { LineText(start, count: length) }

    /// The bytes from an index on.
    func dropping(_ length: Int) -> LineText { LineText(start + length, count: count - length) }

    /// Whether the byte at an index is a digit.
    func isDigit(at index: Int) -> Bool { index >= 0 && index < count && start[index] >= 0x30 && start[index] <= 0x39 }

    /// Whether it begins as records of a log do: with a time, a bracket, a PRI or an object.
    var looksLikeRecord: Bool {
        guard count > 0 else { return false }
        let byte = start[0]
        return isDigit(at: 0) || byte == 0x5B || byte == 0x3C || byte == 0x7B
    }

    /// Whether it is a dotted name, alone or before a colon: `KeyboardInterrupt`, `a.b.Error: text`.
    var namesException: Bool {
        var n = 0
        var partLength = 0
        while n < count {
            switch start[n] {
            case 0x3A: return partLength > 0
            case 0x2E where partLength > 0: partLength = 0
            case 0x2E, 0x20, 0x09, 0x28, 0x29: return false
            default: partLength += 1
            }
            n += 1
        }
        return partLength > 0 && !isDigit(at: 0)
    }
}
