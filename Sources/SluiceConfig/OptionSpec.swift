/// One option of a component, declared once: parsing, default, range check, help, schema and reference come from here.
package struct OptionSpec: Sendable {
    /// What a value may be.
    package indirect enum Kind: Sendable {
        case text
        case boolean
        case integer(ClosedRange<Int>)
        /// Bytes, written `64KiB`, `1MiB` or a plain number.
        case size(ClosedRange<Int>)
        /// Nanoseconds, written `250ms`, `10s`, `5m`, `1h`.
        case duration(ClosedRange<Int64>)
        /// A part of a whole, written `5%` or `0.05`.
        case fraction(ClosedRange<Double>)
        /// Exactly one byte; `\t`, `\0`, `\\` and `space` are understood.
        case character
        /// Texts separated by commas; in a file also a YAML list.
        case list
        case choice([String])
        /// A YAML list of texts, or one text for a list of one.
        case texts
        /// A mapping with options of its own, such as `buffer: { type: disk }`.
        case group([OptionSpec])
        /// One of several things with options of their own: `csv:delimiter=;` or `{ type: csv, delimiter: ";" }`.
        case variant([OptionVariant])
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
    /// Whether its value is shown as `•••`. It has a twin with `_file` behind the name, which reads the value from a file.
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

    /// Name of the twin that reads a secret from a file.
    package var fileKey: String? { isSecret ? key + "_file" : nil }
}

/// One of the things that a `variant` option can be.
package struct OptionVariant: Sendable {
    /// The word behind `type:`.
    package let name: String
    /// One sentence for the reference.
    package let summary: String
    package let options: [OptionSpec]
    /// The option that takes everything behind the colon in the text form (`text:{message}`); nil when options stand there.
    package let freeText: String?

    /// A variant.
    package init(_ name: String, _ summary: String, options: [OptionSpec] = [], freeText: String? = nil) {
        self.name = name
        self.summary = summary
        self.options = options
        self.freeText = freeText
    }
}

extension [OptionSpec] {
    /// Every key that may be written, twins of secrets included.
    package var writtenKeys: [String] { flatMap { [$0.key] + ($0.fileKey.map { [$0] } ?? []) } }

    /// Keys of secrets, those of groups and variants included.
    package var secretKeys: [String] {
        flatMap { spec -> [String] in
            switch spec.kind {
            case .group(let members): members.secretKeys
            case .variant(let variants): variants.flatMap { $0.options.secretKeys }
            default: spec.isSecret ? [spec.key] : []
            }
        }
    }
}
