import CSluice
import Crypto

/// `hash`: digests and checksums of bytes.
enum HashLibrary {
    static let functions: [HostFunction] = [
        digest("sha256", "SHA-256 of a text, 64 hexadecimal digits.", example: #"event.user = hash.sha256(salt .. event.user)"#) {
            SHA256.hash(data: $0).withUnsafeBytes($1)
        },
        digest("sha512", "SHA-512 of a text, 128 hexadecimal digits.", example: #"event.digest = hash.sha512(event.message)"#) {
            SHA512.hash(data: $0).withUnsafeBytes($1)
        },
        digest(
            "sha1", "SHA-1 of a text, 40 hexadecimal digits.", notes: broken,
            example: #"event.file_id = hash.sha1(event.path)"#
        ) { Insecure.SHA1.hash(data: $0).withUnsafeBytes($1) },
        digest(
            "md5", "MD5 of a text, 32 hexadecimal digits.", notes: broken,
            example: #"event.gravatar = hash.md5(event.email:lower())"#
        ) { Insecure.MD5.hash(data: $0).withUnsafeBytes($1) },
        authentication(
            "hmac_sha256",
            "HMAC-SHA-256 of a text under a key: the same name for the same person, not to be guessed without the key.",
            example: #"event.user = hash.hmac_sha256(key, event.user)"#
        ) { call, context, use in
            var code = context.caches.hmacSHA256.value(call.bytes(0)) { HMAC<SHA256>(key: SymmetricKey(data: $0)) }
            code.update(data: call.bytes(1))
            code.finalize().withUnsafeBytes(use)
        },
        authentication(
            "hmac_sha512", "HMAC-SHA-512 of a text under a key.",
            example: #"event.signature = hash.hmac_sha512(key, event.message)"#
        ) { call, context, use in
            var code = context.caches.hmacSHA512.value(call.bytes(0)) { HMAC<SHA512>(key: SymmetricKey(data: $0)) }
            code.update(data: call.bytes(1))
            code.finalize().withUnsafeBytes(use)
        },
        HostFunction(
            "hash", "crc32", [text], returns: [HostResult("sum", "integer", "0 to 4294967295")],
            "CRC-32 of a text (the one of gzip, PNG and Ethernet).", example: #"event.sum = hash.crc32(event.message)"#
        ) { call, _ in call.push(Int64(crc32(call.bytes(0)))) },
        HostFunction(
            "hash", "fnv1a", [text], returns: [HostResult("hash", "integer", "64 bits, so half of them are negative")],
            "FNV-1a of a text: a fast hash for buckets and sharding.",
            notes: "Not for secrets: anyone can find texts of equal hash.",
            example: #"event.shard = hash.fnv1a(event.hostname) % 16"#
        ) { call, _ in call.push(Int64(bitPattern: fnv1a(call.bytes(0)))) },
    ]

    private static let text = HostParameter("text", .string, "any bytes")
    private static let form = HostParameter.optional(
        "form", .string, type: "'hex'|'base64'|'raw'", "spelling of the result: `hex` (default), `base64` or `raw` bytes")
    private static let broken = "For matching what other systems wrote; it does not protect anything."

    /// FNV-1a with 64 bits.
    static func fnv1a(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }

    private static func digest(
        _ name: String, _ summary: String, notes: String = "", example: String,
        _ hash: @escaping @Sendable (UnsafeRawBufferPointer, (UnsafeRawBufferPointer) -> Void) -> Void
    ) -> HostFunction {
        HostFunction(
            "hash", name, [text, form], returns: [HostResult("digest", "string", "the digest")], summary, notes: notes,
            example: example
        ) { call, _ in
            hash(call.bytes(0)) { push($0, call, form: 1, of: "hash." + name) }
        }
    }

    private static func authentication(
        _ name: String, _ summary: String, example: String,
        _ code: @escaping @Sendable (HostCall, HostContext, (UnsafeRawBufferPointer) -> Void) -> Void
    ) -> HostFunction {
        HostFunction(
            "hash", name, [HostParameter("key", .string, "the secret, any bytes"), text, form],
            returns: [HostResult("code", "string", "the code")], summary, example: example
        ) { call, context in
            code(call, context) { push($0, call, form: 2, of: "hash." + name) }
        }
    }

    private static func push(_ digest: UnsafeRawBufferPointer, _ call: HostCall, form: Int, of name: @autoclosure () -> String) {
        let start = call.textStart
        let spelling = call.bytes(form)
        if spelling.isEmpty || spelling.elementsEqual("hex".utf8) {
            call.scratch.appendHexadecimal(digest)
        } else if spelling.elementsEqual("base64".utf8) {
            Base64.encode(digest, .standard, to: call.scratch)
        } else if spelling.elementsEqual("raw".utf8) {
            call.scratch.append(digest)
        } else {
            return call.failArgument(form, of: name(), "`hex`, `base64` or `raw` expected, got `\(call.string(form))`")
        }
        call.pushText(from: start)
    }
}

/// CRC-32 with the reflected polynomial EDB88320 (RFC 1952, section 8).
func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    crcTable.withUnsafeBufferPointer { table in
        for byte in bytes { sum = table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ (sum >> 8) }
    }
    return ~sum
}

private let crcTable: [UInt32] = (0..<256).map { index in
    var value = UInt32(index)
    for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    return value
}
