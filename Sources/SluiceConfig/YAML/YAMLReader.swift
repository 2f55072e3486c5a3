import Yams

/// Reads YAML text into ``ConfigNode``s. All that is known of the YAML library is in this folder.
///
/// A duplicate key does not end the reading: the first one is set aside under a name of its own, so that the rest of the file
/// can be checked in the same run.
package enum YAMLReader {
    /// Values after which a file is refused, those behind references counted each time.
    static let nodesMax = 100_000
    /// Bytes of all values after which a file is refused, those behind references counted each time.
    static let valueBytesMax = 16 << 20
    /// Depth of lists and mappings in one another.
    static let depthMax = 64
    /// Duplicate keys that are looked for in one run.
    static let duplicatesMax = 20

    /// The value that a file holds, `.null` for an empty one; nil when the text is no YAML, which is noted in `reading`.
    ///
    /// `secretKeys` are names of options whose values must not be shown even when the file cannot be parsed.
    package static func node(of bytes: [UInt8], path: String, secretKeys: [String], in reading: ConfigReading) -> ConfigNode? {
        reading.secretKeys = secretKeys
        guard let text = text(of: bytes, path: path, in: reading) else { return nil }
        let source = ConfigSource(path: path, text: text)
        if let fault = YAMLGuard.fault(in: source) {
            reading.refuse(fault.code, fault.message, at: fault.place)
            return nil
        }
        var repairs = YAMLRepairs(text: text, source: source)
        while true {
            do {
                guard let root = try compose(yaml: repairs.text, .basic, .default, .utf8) else {
                    return ConfigNode(.null, at: ConfigPlace(source, line: 1, column: 1))
                }
                var conversion = YAMLConversion(repairs: repairs, reading: reading)
                return conversion.node(root)
            } catch YamlError.duplicatedKeysInMapping(let names, let context)
                where repairs.count < duplicatesMax && repairs.setAside(at: context.mark)
            {
                _ = names
                continue
            } catch {
                let fault = YAMLFault(error, repairs)
                if let place = fault.place { reading.hideBehindSecrets(in: place) }
                reading.refuse(.malformed, fault.message, at: fault.place)
                return nil
            }
        }
    }

    /// The text without a byte order mark, when it is UTF-8 and has no control characters.
    private static func text(of bytes: [UInt8], path: String, in reading: ConfigReading) -> String? {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            reading.refuse(.malformed, "`\(path)` is UTF-16; save it as UTF-8", at: nil)
            return nil
        }
        let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        let shown = String(decoding: bytes, as: UTF8.self)
        guard String(validating: bytes, as: UTF8.self) != nil else {
            var decoder = UTF8()
            var iterator = bytes.makeIterator()
            var before = String.UnicodeScalarView()
            while case .scalarValue(let scalar) = decoder.decode(&iterator) { before.append(scalar) }
            refuse("a byte that is not UTF-8; save the file as UTF-8", behind: before, shown, path, reading)
            return nil
        }
        let scalars = shown.unicodeScalars
        if let bad = scalars.firstIndex(where: { !isPrintable($0) }) {
            let code = String(scalars[bad].value, radix: 16, uppercase: true)
            let message = "control character U+\(String(repeating: "0", count: max(0, 4 - code.count)))\(code) is not allowed in YAML"
            refuse(message + "; remove it, or write it as an escape in double quotes", behind: .init(scalars[..<bad]), shown, path, reading)
            return nil
        }
        return shown
    }

    private static func refuse(
        _ message: String, behind before: String.UnicodeScalarView, _ text: String, _ path: String, _ reading: ConfigReading
    ) {
        let lines = ConfigSource(path: path, text: String(before)).lines
        let column = lines[lines.count - 1].unicodeScalars.count + 1
        reading.refuse(
            .malformed, message, at: ConfigPlace(ConfigSource(path: path, text: text), line: lines.count, column: column))
    }

    /// What YAML 1.1 calls printable.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }
}
