/// One option of a component, declared once: parsing, default, range check, help, schema and reference come from here.
package struct OptionSpec: Sendable {
    /// What a value may be.
    package enum Kind: Sendable {
        case text
        case boolean
        case integer(ClosedRange<Int>)
        /// Bytes, written `64KiB`, `1MiB` or a plain number.
        case size(ClosedRange<Int>)
        /// Nanoseconds, written `250ms`, `10s`, `5m`, `1h`.
        case duration(ClosedRange<Int64>)
        /// Exactly one byte; `\t`, `\0`, `\\` and `space` are understood.
        case character
        /// Texts separated by commas.
        case list
        case choice([String])
    }

    /// Name as users write it.
    package let key: String
    package let kind: Kind
    /// Text of the default value; nil when there is none.
    package let standard: String?
    /// One sentence for help and reference.
    package let summary: String
    /// A value that shows the use.
    package let example: String

    /// An option.
    package init(_ key: String, _ kind: Kind, default standard: String? = nil, _ summary: String, example: String) {
        self.key = key
        self.kind = kind
        self.standard = standard
        self.summary = summary
        self.example = example
    }
}
