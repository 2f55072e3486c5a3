/// What a connection begins with when it is not for a log input at all: a browser or scanner, a sender with TLS switched on, one that
/// compresses.
///
/// Pure: it looks at the first bytes. None of what it knows is the start of a line that a logger writes, but `GET /` may be one of an
/// access log: a request is one only when its line ends as HTTP's does.
package enum ForeignProtocol: String, Sendable, CaseIterable {
    case http = "HTTP"
    case tls = "TLS"
    case ssh = "SSH"
    case compressed = "a compressed stream"

    /// What a look at the first bytes says.
    package enum Finding: Equatable, Sendable {
        /// More bytes are needed to say.
        case undecided
        case none
        case foreign(ForeignProtocol)
    }

    /// Bytes that are looked at, at most; with so many a finding is never ``Finding/undecided``.
    package static let bytesMax = 2_048

    /// Looks at the first bytes of a connection.
    package static func look(_ bytes: UnsafeRawBufferPointer) -> Finding {
        guard let first = bytes.first else { return .undecided }
        switch first {
        case 0x16: return match(bytes, [0x16, 0x03], then: { $0 <= 0x04 }, .tls)
        case 0x1F: return match(bytes, [0x1F, 0x8B], then: { $0 == 0x08 }, .compressed)
        case 0x28: return match(bytes, [0x28, 0xB5, 0x2F], then: { $0 == 0xFD }, .compressed)
        case UInt8(ascii: "S"): return match(bytes, Array("SSH-".utf8), then: { $0 == 0x31 || $0 == 0x32 }, .ssh)
        case UInt8(ascii: "x"): return lookZlib(bytes)
        case 0x31...0x39: return lookCounted(bytes)
        default: return lookRequest(bytes)
        }
    }

    /// What to tell the operator of such a connection.
    package var advice: String {
        switch self {
        case .http: "it was answered with status 400"
        case .tls: "give the sender a port with `tls://`, or switch TLS off there"
        case .ssh: "the sender is not a logger"
        case .compressed:
            "compression is not supported: switch it off at the sender (rsyslog: no `zipLevel` and `compression.mode` in its omfwd action)"
        }
    }

    /// What is sent before the connection is closed.
    package var answer: String? {
        guard self == .http else { return nil }
        let text = "this port takes log messages, not HTTP\n"
        let head = ["HTTP/1.1 400 Bad Request", "Content-Type: text/plain", "Content-Length: \(text.utf8.count)", "Connection: close"]
        return head.joined(separator: "\r\n") + "\r\n\r\n" + text
    }

    // MARK: - Signatures

    /// `start`, and a byte of which `then` says that it goes on so.
    private static func match(
        _ bytes: UnsafeRawBufferPointer, _ start: [UInt8], then isNext: (UInt8) -> Bool, _ found: ForeignProtocol
    ) -> Finding {
        for (byte, expected) in zip(bytes, start) where byte != expected { return .none }
        guard bytes.count > start.count else { return .undecided }
        return isNext(bytes[start.count]) ? .foreign(found) : .none
    }

    /// The headers of zlib with its usual window, by level of compression.
    private static func isZlib(_ second: UInt8) -> Bool { second == 0x01 || second == 0x5E || second == 0x9C || second == 0xDA }

    /// `x` and a byte may also be text in some charset; compressed bytes show themselves soon by controls that text does not have, and
    /// may have an LF before the first of them.
    private static func lookZlib(_ bytes: UnsafeRawBufferPointer) -> Finding {
        guard bytes.count > 1 else { return .undecided }
        guard isZlib(bytes[1]) else { return .none }
        var hasLine = false
        for byte in bytes.dropFirst().prefix(64) {
            switch byte {
            case 0x0A: hasLine = true
            case 0x09, 0x0D, 0x1B: continue
            case 0..<0x20, 0x7F: return .foreign(.compressed)
            default: continue
            }
        }
        return hasLine || bytes.count > 64 ? .none : .undecided
    }

    /// `123 z` and a zlib header: a message that rsyslog has compressed, which always comes with its count.
    private static func lookCounted(_ bytes: UnsafeRawBufferPointer) -> Finding {
        let digits = bytes.prefix(8).prefix { $0 >= 0x30 && $0 <= 0x39 }.count
        guard bytes.count > digits else { return digits < 8 ? .undecided : .none }
        let start: [UInt8] = [0x20, UInt8(ascii: "z"), 0x78]
        return match(UnsafeRawBufferPointer(rebasing: bytes[digits...]), start, then: isZlib, .compressed)
    }

    private static let methods = ["GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "DELETE", "PATCH", "TRACE", "PRI"].map {
        Array($0.utf8) + [0x20]
    }

    /// `METHOD TARGET HTTP/1.1` and the end of the line.
    private static func lookRequest(_ bytes: UnsafeRawBufferPointer) -> Finding {
        guard methods.contains(where: { zip(bytes, $0).allSatisfy { $0 == $1 } }) else { return .none }
        let line = bytes.prefix(bytesMax)
        guard let end = line.firstIndex(of: 0x0A) else { return bytes.count < bytesMax ? .undecided : .none }
        guard let last = line[..<end].split(separator: 0x20).last, last.starts(with: Array("HTTP/".utf8)), last.last == 0x0D else {
            return .none
        }
        return .foreign(.http)
    }
}
