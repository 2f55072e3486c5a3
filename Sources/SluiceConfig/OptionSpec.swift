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
        /// A YAML list of texts, or one text for a list of one.
        case texts
        /// A mapping with options of its own, such as `buffer: { type: disk }`.
        case group([OptionSpec])
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
    /// Whether a configuration without it is refused.
    package let isRequired: Bool
    /// Whether its value is shown as `•••`.
    package let isSecret: Bool

    /// An option.
    package init(
        _ key: String, _ kind: Kind, default standard: String? = nil, _ summary: String, example: String,
        isRequired: Bool = false, isSecret: Bool = false
    ) {
        self.key = key
        self.kind = kind
        self.standard = standard
        self.summary = summary
        self.example = example
        self.isRequired = isRequired
        self.isSecret = isSecret
    }
}
