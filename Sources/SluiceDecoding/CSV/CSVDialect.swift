/// How records are written: what separates, quotes and escapes.
package struct CSVDialect: Sendable, Equatable {
    /// What an escape looks like inside quotes.
    package enum Escape: String, Sendable, CaseIterable {
        /// A quote is written twice (RFC 4180).
        case double
        /// A backslash takes the next character as it is.
        case backslash
        /// The same, with `\n`, `\r`, `\t`, `\a`, `\v`, `\xHH` as in C.
        case sequences = "backslash-sequences"
    }

    /// Bytes any of which separates; at least one.
    package var delimiters: [UInt8] = [0x2C]
    /// The byte around quoted fields; nil: quotes are data.
    package var quote: UInt8? = 0x22
    package var escape = Escape.double
    /// Names of the columns; empty: `c1`, `c2`, …
    package var columns: [String] = []
    /// The first record of each stream names the columns and is no event.
    package var hasHeader = false
    /// The last column takes the rest of the record.
    package var isGreedy = false
    /// Blanks around fields, outside of quotes, are taken off.
    package var isStripped = false
    /// Text that stands for an empty field.
    package var nullValue: [UInt8]?

    /// RFC 4180.
    package init() {}
}
