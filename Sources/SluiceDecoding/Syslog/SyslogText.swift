internal import CSluice
internal import SluiceComponent
internal import SluiceEvent

/// The bytes of one frame behind a checked subscript: reading behind the end answers 0, never foreign memory.
///
/// The careful paths of the syslog decoders read untrusted bytes through this and nothing else. A NUL inside the text reads
/// the same as the end, so loops compare positions with ``count`` and never rely on 0.
struct SyslogText {
    private let base: UnsafePointer<UInt8>
    let count: Int

    /// The caller keeps `base` valid for as long as the value is used: the arena must not grow meanwhile.
    @inline(__always)
    init(_ base: UnsafePointer<UInt8>, count: Int) {
        self.base = base
        self.count = count
    }

    /// The text of a frame; valid until the arena grows.
    init(_ frame: Frame, of batch: borrowing EventBatch) {
        // SAFETY: the frame lies in the arena. An arena that never held a byte has no memory; nothing is read from it then.
        let arena = UnsafePointer(batch.raw.pointee.bytes) ?? UnsafeRawPointer(batch.raw).assumingMemoryBound(to: UInt8.self)
        self.init(arena + Int(frame.text.offset), count: Int(frame.text.length))
    }

    @inline(__always)
    subscript(at: Int) -> UInt8 {
        // SAFETY: the position was compared with the length; negative ones are huge as unsigned numbers.
        UInt(bitPattern: at) < UInt(bitPattern: count) ? base[at] : 0
    }

    /// Position of the first byte from `at` on that is no blank.
    func skippingBlanks(_ at: Int) -> Int {
        var at = at
        while self[at] == .blank { at += 1 }
        return at
    }

    /// Position of the next blank from `at` on, or the end.
    func endOfWord(_ at: Int) -> Int {
        var at = at
        while at < count, self[at] != .blank { at += 1 }
        return at
    }

    /// Whether the bytes from `at` on are `word`.
    func has(_ word: StaticString, at: Int) -> Bool {
        let length = word.utf8CodeUnitCount
        guard at >= 0, at <= count, length <= count - at else { return false }
        // SAFETY: both ranges were checked to be `length` bytes long.
        for index in 0..<length where base[at + index] != word.utf8Start[index] { return false }
        return true
    }

    /// Value of the decimal digits from `at` on, at most `max` of them, and where they end; nil without a digit. Huge with
    /// more than 18 digits.
    func number(_ at: Int, digitsMax max: Int) -> (value: Int64, end: Int)? {
        var end = at
        var value: Int64 = 0
        while end - at < max, self[end].isDigit {
            value = end - at < 18 ? value * 10 + Int64(self[end] &- 0x30) : .max
            end += 1
        }
        return end > at ? (value, end) : nil
    }

    /// Two decimal digits at `at`; nil when they are none.
    func pair(_ at: Int) -> Int? {
        self[at].isDigit && self[at + 1].isDigit ? Int(self[at] &- 0x30) * 10 + Int(self[at + 1] &- 0x30) : nil
    }

    /// A view of the same bytes that ends earlier.
    func prefix(_ count: Int) -> SyslogText { SyslogText(base, count: min(count, self.count)) }

    /// Calls `body` with the bytes from `at` on.
    func withBytes<Result>(from at: Int, _ body: (UnsafePointer<UInt8>, Int) -> Result) -> Result {
        // SAFETY: a position behind the end gives no bytes.
        let start = min(Swift.max(at, 0), count)
        return body(base + start, count - start)
    }
}

/// A piece of a frame by positions; empty means absent.
struct SyslogPiece: Equatable {
    var start = 0
    var end = 0

    static let none = SyslogPiece()
    var isEmpty: Bool { end <= start }
    var count: Int { Swift.max(0, end - start) }
}

extension UInt8 {
    static let blank: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let percent: UInt8 = 0x25
    static let comma: UInt8 = 0x2C
    static let dash: UInt8 = 0x2D
    static let dot: UInt8 = 0x2E
    static let slash: UInt8 = 0x2F
    static let colon: UInt8 = 0x3A
    static let less: UInt8 = 0x3C
    static let equals: UInt8 = 0x3D
    static let greater: UInt8 = 0x3E
    static let open: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let close: UInt8 = 0x5D
    static let brace: UInt8 = 0x7B

    @inline(__always) var isDigit: Bool { self &- 0x30 <= 9 }
    @inline(__always) var isLetter: Bool { (self | 0x20) &- 0x61 <= 25 }
    @inline(__always) var isHexDigit: Bool { isDigit || (self | 0x20) &- 0x61 <= 5 }
    /// Printable US-ASCII without the blank, RFC 5424's PRINTUSASCII.
    @inline(__always) var isGraphic: Bool { self &- 33 <= 93 }
}
