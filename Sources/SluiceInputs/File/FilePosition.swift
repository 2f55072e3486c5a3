/// Where a file was read to, with what shows whether it is still the same file: the value of a saved position.
struct FilePosition: Equatable, Sendable {
    /// Name at that time.
    var path: String
    /// Bytes that are in events, unpacked ones of a compressed file.
    var offset = 0
    /// The file's first bytes.
    var head = Fingerprint.none
    /// The bytes before `offset`.
    var tail = Fingerprint.none
    /// When the file was made, nanoseconds since 1970 UTC; 0 when the file system does not tell.
    var bornNs: Int64 = 0
    /// The file is compressed.
    var isPacked = false
    /// Compressed bytes of a file that was read to its end; 0 otherwise.
    var doneBytes = 0

    init(path: String) { self.path = path }

    /// One JSON object.
    var text: String {
        var text = "{\"path\":\"" + Self.escaped(path) + "\",\"offset\":\(offset)"
        text += ",\"head\":\"" + String(head.hash, radix: 16) + "\",\"head_length\":\(head.length)"
        text += ",\"tail\":\"" + String(tail.hash, radix: 16) + "\",\"tail_length\":\(tail.length)"
        text += ",\"born\":\(bornNs),\"packed\":\(isPacked),\"done\":\(doneBytes)}"
        return text
    }

    /// What ``text`` says; nil for any other text.
    init?(text: String) {
        guard let members = FlatJSON.members(text), let path = members["path"], let offset = members["offset"].flatMap({ Int($0) }),
            let head = Self.fingerprint(members, "head"), let tail = Self.fingerprint(members, "tail"), offset >= 0
        else { return nil }
        self.path = path
        self.offset = offset
        self.head = head
        self.tail = tail
        bornNs = members["born"].flatMap { Int64($0) } ?? 0
        isPacked = members["packed"] == "true"
        doneBytes = members["done"].flatMap { Int($0) } ?? 0
    }

    private static func fingerprint(_ members: [String: String], _ name: String) -> Fingerprint? {
        guard let hash = members[name].flatMap({ UInt64($0, radix: 16) }),
            let length = members[name + "_length"].flatMap({ Int($0) }), (0...Fingerprint.headBytesMax).contains(length)
        else { return nil }
        return Fingerprint(hash: hash, length: length)
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": escaped += "\\\""
            case "\\": escaped += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

/// Reads one JSON object of texts, numbers and booleans, as positions are.
enum FlatJSON {
    /// Members by name, values as text; nil when the text is not such an object.
    static func members(_ text: String) -> [String: String]? {
        var rest = Array(text.unicodeScalars)[...]
        guard rest.popFirst() == "{" else { return nil }
        var members: [String: String] = [:]
        while true {
            guard let name = string(&rest), rest.popFirst() == ":", let value = value(&rest) else { return nil }
            members[name] = value
            switch rest.popFirst() {
            case ",": continue
            case "}": return rest.isEmpty ? members : nil
            default: return nil
            }
        }
    }

    private static func value(_ rest: inout ArraySlice<Unicode.Scalar>) -> String? {
        if rest.first == "\"" { return string(&rest) }
        var text = String.UnicodeScalarView()
        while let next = rest.first, next != ",", next != "}" {
            text.append(next)
            rest.removeFirst()
        }
        return text.isEmpty ? nil : String(text)
    }

    private static func string(_ rest: inout ArraySlice<Unicode.Scalar>) -> String? {
        guard rest.popFirst() == "\"" else { return nil }
        var text = String.UnicodeScalarView()
        while let next = rest.popFirst() {
            switch next {
            case "\"": return String(text)
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                if escaped != "u" {
                    text.append(escaped)
                    continue
                }
                var digits = String.UnicodeScalarView()
                for _ in 0..<4 { if let digit = rest.popFirst() { digits.append(digit) } }
                guard let code = UInt32(String(digits), radix: 16), let scalar = Unicode.Scalar(code) else { return nil }
                text.append(scalar)
            default: text.append(next)
            }
        }
        return nil
    }
}
