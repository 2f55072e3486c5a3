import CSluice

/// Texts whose bytes stay where they are for as long as this value's owner keeps it: what C holds pointers to.
final class StableText {
    private var memory: [UnsafeMutablePointer<CChar>] = []
    private var lists: [UnsafeMutablePointer<sl_text>] = []
    private var words: [UnsafeMutablePointer<UInt64>] = []

    deinit {
        for bytes in memory { bytes.deallocate() }
        for list in lists { list.deallocate() }
        for list in words { list.deallocate() }
    }

    /// A copy of the words.
    func add(words bits: [UInt64]) -> UnsafePointer<UInt64> {
        let list = UnsafeMutablePointer<UInt64>.allocate(capacity: max(1, bits.count))
        list.initialize(from: bits, count: bits.count)
        words.append(list)
        return UnsafePointer(list)
    }

    /// A copy of the bytes with a zero behind them.
    func add(_ bytes: [UInt8]) -> sl_text {
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        for (index, byte) in bytes.enumerated() { copy[index] = CChar(bitPattern: byte) }
        copy[bytes.count] = 0
        memory.append(copy)
        return sl_text(bytes: copy, length: bytes.count)
    }

    /// A copy of the text.
    func add(_ text: String) -> sl_text { add(Array(text.utf8)) }

    /// A list of copies.
    func add(list texts: [String]) -> UnsafePointer<sl_text> {
        let list = UnsafeMutablePointer<sl_text>.allocate(capacity: max(1, texts.count))
        for (index, text) in texts.enumerated() { (list + index).initialize(to: add(text)) }
        lists.append(list)
        return UnsafePointer(list)
    }
}
