import SluiceComponent

/// Up to which entry an input has read; belongs to the input's thread.
final class JournalPlace {
    /// Keys of the saved positions.
    static let cursorKey = "cursor"
    static let selectionKey = "selection"

    private let selection: String
    /// The entry that has to come first, because reading had stopped at it.
    private var expected: JournalCursor?
    /// Told when another one came instead.
    private let lost: (_ expected: JournalCursor, _ first: JournalCursor) -> Void
    private var cursor: [UInt8] = []
    private var isMoved = false
    private var isSelectionSaved = false
    /// Whether any entry came.
    private(set) var hasRead = false

    /// A place from which nothing was read; `selection` is saved beside the cursor.
    init(
        selection: String, expecting expected: JournalCursor?,
        lost: @escaping (_ expected: JournalCursor, _ first: JournalCursor) -> Void
    ) {
        self.selection = selection
        self.expected = expected
        self.lost = lost
    }

    /// An entry came; false when it is the one that was read before.
    func reached(_ bytes: UnsafeRawBufferPointer) -> Bool {
        hasRead = true
        if let expected {
            self.expected = nil
            let first = JournalCursor(text: String(decoding: bytes, as: UTF8.self))
            if first.isSameEntry(as: expected) { return false }
            lost(expected, first)
        }
        cursor.removeAll(keepingCapacity: true)
        cursor.append(contentsOf: bytes)
        isMoved = true
        return true
    }

    /// The positions behind what was read since the last time.
    func takePositions() -> [Position] {
        guard isMoved else { return [] }
        isMoved = false
        return positions(of: String(decoding: cursor, as: UTF8.self))
    }

    /// The positions behind an entry.
    func positions(of cursor: String) -> [Position] {
        defer { isSelectionSaved = true }
        let place = Position(key: Self.cursorKey, value: cursor)
        return isSelectionSaved ? [place] : [place, Position(key: Self.selectionKey, value: selection)]
    }
}
