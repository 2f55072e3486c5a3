package import SluiceComponent
package import SluiceConfig

/// The `framing` setting: how an input's bytes are cut into frames.
package enum Framing: String, CaseIterable, Sendable {
    /// LF or CR LF.
    case newline
    /// RFC 6587 octet counting.
    case octet
    /// NUL.
    case nul
    /// Octet counting or lines, decided for each frame.
    case auto
    /// Octet counting or lines, decided by the first byte.
    case autoStream = "auto-stream"
    /// Everything is one frame.
    case whole

    /// The setting of that name.
    package init(named name: String) throws(ConfigError) {
        guard let framing = Framing(rawValue: name) else {
            throw ConfigError(
                .unknownName, OptionValues.unknown(name, in: Self.allCases.map(\.rawValue), what: "framing", of: nil))
        }
        self = framing
    }

    /// A framer for one stream.
    package func framer(_ options: FramingOptions) -> any Framer {
        switch self {
        case .newline: NewlineFramer(options)
        case .octet: OctetCountingFramer(options)
        case .nul: NulFramer(options)
        case .auto: AutoFramer(options)
        case .autoStream: StreamAutoFramer(options)
        case .whole: WholeInputFramer(options)
        }
    }
}
