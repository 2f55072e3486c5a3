package import SluiceConfig
package import SluiceEvent

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The `charset` setting: what the bytes of an input mean.
package struct Charset: Sendable, Equatable {
    /// How text becomes UTF-8.
    package enum Kind: Sendable, Equatable {
        /// Nothing is converted or checked; encoders replace what is not UTF-8.
        case utf8
        /// UTF-8 if valid, else GB18030 if valid, else Latin-1; per frame.
        case auto
        case latin1
        /// A charset of the C library in which the first 128 codes are ASCII; per frame.
        case named(String)
        /// Two or four bytes a unit: converted before framing, because a line end is no single byte. `bigEndian` nil takes the
        /// byte-order mark's word, and little endian without one.
        case wide(unitBytes: Int, bigEndian: Bool?)
    }

    /// The name as the user wrote it.
    package let name: String
    package let kind: Kind

    /// UTF-8.
    package static let utf8 = Charset(name: "utf-8", kind: .utf8)

    private init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// Names for documentation and suggestions; the C library's further names are taken too.
    package static let names = [
        "utf-8", "auto", "gbk", "gb18030", "gb2312", "big5", "latin1", "ascii", "utf-16", "utf-16le", "utf-16be", "utf-32",
        "utf-32le", "utf-32be", "iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-9", "iso-8859-15",
        "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1256", "koi8-r", "koi8-u",
        "shift_jis", "euc-jp", "euc-kr", "cp437", "cp850", "cp932", "cp936", "cp949", "cp950", "tis-620",
    ]

    /// The charset of that name, in any case, with or without `-` and `_`.
    package init(named name: String) throws(ConfigError) {
        let plain = name.lowercased().filter { $0 != "-" && $0 != "_" }
        self.name = name
        switch plain {
        case "utf8": kind = .utf8
        case "auto": kind = .auto
        case "latin1", "iso88591": kind = .latin1
        case "utf16", "ucs2", "unicode": kind = .wide(unitBytes: 2, bigEndian: nil)
        case "utf16le", "ucs2le": kind = .wide(unitBytes: 2, bigEndian: false)
        case "utf16be", "ucs2be": kind = .wide(unitBytes: 2, bigEndian: true)
        case "utf32", "ucs4": kind = .wide(unitBytes: 4, bigEndian: nil)
        case "utf32le", "ucs4le": kind = .wide(unitBytes: 4, bigEndian: false)
        case "utf32be", "ucs4be": kind = .wide(unitBytes: 4, bigEndian: true)
        default:
            let known = Self.names.first { $0.filter { $0 != "-" && $0 != "_" } == plain } ?? name
            guard let conversion = TextConversion(from: Self.libraryName(known)) else {
                throw ConfigError(
                    .unknownName, OptionValues.unknown(name, in: Self.names, what: "charset", of: nil))
            }
            guard conversion.keepsASCII else {
                throw ConfigError(
                    .invalidValue,
                    "charset `\(name)` is not supported, because its line ends are not ASCII; convert the input first")
            }
            kind = .named(Self.libraryName(known))
        }
    }

    /// Whether it is converted before framing.
    package var isWide: Bool {
        if case .wide = kind { true } else { false }
    }

    /// What a converted frame is flagged with.
    package var flag: EventFlags {
        switch kind {
        case .utf8, .auto: []
        case .latin1: .charsetLatin1
        case .wide(let unitBytes, _): unitBytes == 2 ? .charsetUtf16 : .charsetConverted
        case .named(let name): name.hasPrefix("GB") || name == "CP936" ? .charsetGbk : .charsetConverted
        }
    }

    /// The C library's name of a charset.
    private static func libraryName(_ name: String) -> String {
        let upper = name.uppercased()
        switch upper {
        case "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252", "WINDOWS-1253", "WINDOWS-1254", "WINDOWS-1256":
            return "CP" + upper.dropFirst("WINDOWS-".count)
        // What calls itself GB2312 uses GBK's codes.
        case "GB2312": return "GBK"
        default: return upper
        }
    }
}
