import CSluice

/// `base64`: RFC 4648, both alphabets.
enum Base64Library {
    static let functions: [HostFunction] = [
        HostFunction(
            "base64", "encode", [HostParameter("text", .string, "any bytes")],
            returns: [HostResult("encoded", "string", "base64 with padding")],
            "Base64 of a text (RFC 4648, section 4).", example: #"event.payload = base64.encode(event.message)"#
        ) { call, _ in encode(call, .standard) },
        HostFunction(
            "base64", "decode", [HostParameter("text", .string, "base64")],
            returns: [HostResult("decoded", "string?", "any bytes"), .reason],
            "The bytes that base64 text stands for.", notes: "Padding may be missing; blanks and line ends are skipped.",
            example: #"event.message = base64.decode(event.payload) or event.payload"#
        ) { call, _ in decode(call, .standard) },
        HostFunction(
            "base64", "encode_url", [HostParameter("text", .string, "any bytes")],
            returns: [HostResult("encoded", "string", "base64url without padding")],
            "Base64 of a text with the alphabet for URLs and file names (RFC 4648, section 5), without padding.",
            example: #"event.key = base64.encode_url(hash.sha256(event.path, "raw"))"#
        ) { call, _ in encode(call, .url) },
        HostFunction(
            "base64", "decode_url", [HostParameter("text", .string, "base64url")],
            returns: [HostResult("decoded", "string?", "any bytes"), .reason],
            "The bytes that base64url text stands for, such as a part of a JSON web token.",
            notes: "Padding may be there or missing; blanks and line ends are skipped.",
            example: #"local claims = json.decode(base64.decode_url(token:match("%.([^.]+)%.")))"#
        ) { call, _ in decode(call, .url) },
    ]

    private static func encode(_ call: HostCall, _ alphabet: Base64.Alphabet) {
        let start = call.textStart
        Base64.encode(call.bytes(0), alphabet, to: call.scratch)
        call.pushText(from: start)
    }

    private static func decode(_ call: HostCall, _ alphabet: Base64.Alphabet) {
        let start = call.textStart
        if let fault = Base64.decode(call.bytes(0), alphabet, to: call.scratch) {
            call.refuse(fault)
        } else {
            call.pushText(from: start)
        }
    }
}

/// Base64 of bytes.
enum Base64 {
    enum Alphabet {
        case standard, url
    }

    /// Writes the encoded text; the URL alphabet goes without padding.
    static func encode(_ bytes: UnsafeRawBufferPointer, _ alphabet: Alphabet, to buffer: UnsafeMutablePointer<sl_buffer>) {
        // SAFETY: four characters for each three bytes begun were reserved, and the table has 64 characters.
        var to = sl_buffer_reserve(buffer, (bytes.count + 2) / 3 * 4)!
        let start = to
        let digits = (alphabet == .standard ? standardDigits : urlDigits).utf8Start
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let second = left > 1 ? bytes[index + 1] : 0
            let third = left > 2 ? bytes[index + 2] : 0
            let word = UInt32(bytes[index]) << 16 | UInt32(second) << 8 | UInt32(third)
            to[0] = digits[Int(word >> 18)]
            to[1] = digits[Int(word >> 12 & 63)]
            to[2] = left > 1 ? digits[Int(word >> 6 & 63)] : UInt8(ascii: "=")
            to[3] = left > 2 ? digits[Int(word & 63)] : UInt8(ascii: "=")
            to += alphabet == .standard ? 4 : min(4, left + 1)
            index += 3
        }
        buffer.pointee.length += to - start
    }

    /// Writes the decoded bytes; answers what is wrong with the text, or nil.
    static func decode(_ text: UnsafeRawBufferPointer, _ alphabet: Alphabet, to buffer: UnsafeMutablePointer<sl_buffer>)
        -> String?
    {
        // SAFETY: three bytes for each four characters begun were reserved.
        let to = sl_buffer_reserve(buffer, text.count / 4 * 3 + 3)!
        var length = 0
        var word: UInt32 = 0
        var digits = 0
        var padding = 0
        for (index, byte) in text.enumerated() {
            if byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) { continue }
            if byte == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            let digit = value(byte, alphabet)
            guard digit < 64, padding == 0 else {
                return "byte \(index + 1) of \(text.count) is no base64\(alphabet == .url ? "url" : "")"
            }
            word = word << 6 | UInt32(digit)
            digits += 1
            if digits & 3 == 0 {
                to[length] = UInt8(truncatingIfNeeded: word >> 16)
                to[length + 1] = UInt8(truncatingIfNeeded: word >> 8)
                to[length + 2] = UInt8(truncatingIfNeeded: word)
                length += 3
            }
        }
        let rest = digits & 3
        guard rest != 1, padding == 0 || (rest != 0 && rest + padding == 4) else { return "base64 text is cut off" }
        if rest == 2 {
            to[length] = UInt8(truncatingIfNeeded: word >> 4)
            length += 1
        } else if rest == 3 {
            to[length] = UInt8(truncatingIfNeeded: word >> 10)
            to[length + 1] = UInt8(truncatingIfNeeded: word >> 2)
            length += 2
        }
        buffer.pointee.length += length
        return nil
    }

    @inline(__always) private static func value(_ byte: UInt8, _ alphabet: Alphabet) -> UInt8 {
        switch byte {
        case 0x41...0x5A: byte &- 0x41
        case 0x61...0x7A: byte &- 0x61 &+ 26
        case 0x30...0x39: byte &- 0x30 &+ 52
        case UInt8(ascii: "+") where alphabet == .standard, UInt8(ascii: "-") where alphabet == .url: 62
        case UInt8(ascii: "/") where alphabet == .standard, UInt8(ascii: "_") where alphabet == .url: 63
        default: 0xFF
        }
    }

    private static let standardDigits: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    private static let urlDigits: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
}
