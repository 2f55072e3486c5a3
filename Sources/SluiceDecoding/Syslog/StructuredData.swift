/// RFC 5424 STRUCTURED-DATA: found and measured in one walk over the text, written as JSON in another.
///
/// Strict reading follows RFC 5424 §6.3. The tolerant one also takes blanks around `=` and before `]`, values without
/// quotes, parameters without a value, names over 32 bytes, `]` inside a value, and `[]`; ``isRepaired`` says so. Text that
/// is still no element ends the structured data, so that nothing of it is lost.
struct StructuredData {
    /// From the first `[` to behind the last `]`.
    private(set) var piece: SyslogPiece
    /// Elements with an ID.
    private(set) var elements = 0
    /// Parameters of all elements.
    private(set) var parameters = 0
    /// Bytes that ``writeJSON(_:to:)`` may need.
    private(set) var jsonBytesMax = 0
    /// Something that RFC 5424 does not allow was taken.
    private(set) var isRepaired = false
    /// A name is there twice in one element, or an ID.
    private(set) var repeats = false
    private let isStrict: Bool

    /// Repeated names are brought together in data of at most this many bytes and parts; beyond, each stands for itself.
    private static let mergedBytesMax = 8_192
    private static let mergedPartsMax = 128

    /// Reads the elements that start at `start`; nil when there is none.
    init?(_ text: SyslogText, at start: Int, strict: Bool) {
        isStrict = strict
        piece = SyslogPiece(start: start, end: start)
        var reader = StructuredDataReader(text, at: start, strict: strict)
        var end = start
        var identifiers = RepeatFilter()
        var mayRepeatIdentifier = false
        while text[reader.at] == .open, case let first = reader.at, let id = reader.element() {
            var names = RepeatFilter()
            var own = 0
            var isWhole = false
            scan: while true {
                switch reader.parameter() {
                case .parameter(let name, _):
                    own += 1
                    if names.add(text, name), own <= Self.mergedPartsMax, repeatsName(text, name, of: first) {
                        repeats = true
                    }
                case .end:
                    isWhole = true
                    break scan
                case .invalid: break scan
                }
            }
            guard isWhole else { break }
            end = reader.at
            if !id.isEmpty { elements += 1 }
            parameters += own
            if identifiers.add(text, id) { mayRepeatIdentifier = true }
        }
        guard end > start else { return nil }
        isRepaired = reader.isRepaired
        piece = SyslogPiece(start: start, end: end)
        // A control character takes six bytes.
        jsonBytesMax = 6 * piece.count + 16 * (elements + parameters) + 16
        if mayRepeatIdentifier, repeatsIdentifier(text) {
            if strict { return nil }
            repeats = true
        }
    }

    /// Whether a message that is no RFC 5424 message may begin with these elements: each has parameters, and a blank or the
    /// end of the text follows.
    func isLiftable(_ text: SyslogText) -> Bool {
        parameters > 0 && parameters >= elements && (piece.end >= text.count || text[piece.end] == .blank)
    }

    /// Writes `"id":{"name":"value"}` for every element, with commas between them.
    func writeJSON(_ text: SyslogText, to writer: inout JSONTextWriter) {
        if repeats, piece.count <= Self.mergedBytesMax, elements + parameters <= Self.mergedPartsMax {
            writeMerged(text, to: &writer)
            return
        }
        var reader = StructuredDataReader(text, at: piece.start, strict: isStrict)
        var isFirst = true
        while reader.at < piece.end, let id = reader.element() {
            if id.isEmpty {
                _ = reader.parameter()
                continue
            }
            writer.member(text, id, first: isFirst)
            isFirst = false
            writer.put(.brace)
            var isFirstName = true
            while case .parameter(let name, let value) = reader.parameter() {
                writer.member(text, name, first: isFirstName)
                isFirstName = false
                writer.value(text, value)
            }
            writer.put(0x7D)
        }
    }
}

extension StructuredData {
    /// The same with elements of one ID as one object and values of one name as one array, in order of first appearance.
    /// Walks the text again for each part, which ``mergedBytesMax`` and ``mergedPartsMax`` bound.
    private func writeMerged(_ text: SyslogText, to writer: inout JSONTextWriter) {
        var isFirst = true
        forEachParameter(text) { element, id, index, _, _ in
            guard index < 0, !id.isEmpty, !isSeen(text, id: id, before: element) else { return }
            writer.member(text, id, first: isFirst)
            isFirst = false
            writer.put(.brace)
            writeParameters(text, of: id, to: &writer)
            writer.put(0x7D)
        }
    }

    private func writeParameters(_ text: SyslogText, of id: SyslogPiece, to writer: inout JSONTextWriter) {
        var isFirst = true
        forEachParameter(text) { _, owner, index, name, _ in
            guard index >= 0, text.isEqual(owner, id) else { return }
            var count = 0
            var isRepeat = false
            forEachParameter(text) { _, other, index, same, _ in
                guard index >= 0, text.isEqual(other, id), text.isEqual(same, name) else { return }
                if same.start < name.start { isRepeat = true }
                count += 1
            }
            if isRepeat { return }
            writer.member(text, name, first: isFirst)
            isFirst = false
            if count > 1 { writer.put(.open) }
            var written = 0
            forEachParameter(text) { _, other, index, same, value in
                guard index >= 0, text.isEqual(other, id), text.isEqual(same, name) else { return }
                if written > 0 { writer.put(.comma) }
                writer.value(text, value)
                written += 1
            }
            if count > 1 { writer.put(.close) }
        }
    }

    /// Whether a parameter's name is there before it in the element that starts at `element`.
    private func repeatsName(_ text: SyslogText, _ name: SyslogPiece, of element: Int) -> Bool {
        guard name.start - element <= Self.mergedBytesMax else { return false }
        var reader = StructuredDataReader(text, at: element, strict: isStrict)
        _ = reader.element()
        while case .parameter(let other, _) = reader.parameter(), other.start < name.start {
            if text.isEqual(other, name) { return true }
        }
        return false
    }

    private func isSeen(_ text: SyslogText, id: SyslogPiece, before element: Int) -> Bool {
        var isSeen = false
        forEachParameter(text) { other, same, index, _, _ in
            if index < 0, other < element, text.isEqual(same, id) { isSeen = true }
        }
        return isSeen
    }

    private func repeatsIdentifier(_ text: SyslogText) -> Bool {
        guard piece.count <= Self.mergedBytesMax, elements <= Self.mergedPartsMax else { return false }
        var repeats = false
        forEachParameter(text) { element, id, index, _, _ in
            if index < 0, isSeen(text, id: id, before: element) { repeats = true }
        }
        return repeats
    }

    /// Calls `body` once per element with index -1, then once per parameter.
    private func forEachParameter(_ text: SyslogText, _ body: (Int, SyslogPiece, Int, SyslogPiece, SyslogPiece) -> Void) {
        var reader = StructuredDataReader(text, at: piece.start, strict: isStrict)
        var element = 0
        while reader.at < piece.end, let id = reader.element() {
            body(element, id, -1, .none, .none)
            var index = 0
            while case .parameter(let name, let value) = reader.parameter() {
                body(element, id, index, name, value)
                index += 1
            }
            element += 1
        }
    }
}

/// Tells cheaply that names differ: a repeated name is always noticed, different ones are rarely taken for one.
private struct RepeatFilter {
    private var seen: SIMD4<UInt64> = .zero

    /// Whether the name may have been added before.
    mutating func add(_ text: SyslogText, _ name: SyslogPiece) -> Bool {
        var hash: UInt32 = 2_166_136_261
        for at in name.start..<max(name.start, name.end) { hash = (hash ^ UInt32(text[at])) &* 16_777_619 }
        hash ^= hash >> 15
        let word = Int(hash >> 6 & 3)
        let bit: UInt64 = 1 << UInt64(hash & 63)
        defer { seen[word] |= bit }
        return seen[word] & bit != 0
    }
}

extension SyslogText {
    /// Whether two pieces hold the same bytes.
    func isEqual(_ left: SyslogPiece, _ right: SyslogPiece) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count where self[left.start + index] != self[right.start + index] { return false }
        return true
    }
}
