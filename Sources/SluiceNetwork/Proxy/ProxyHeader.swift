/// What a header of the PROXY protocol says: whose connection the proxy passes on.
struct ProxyHeader: Equatable, Sendable {
    /// The peer of the proxy.
    enum Source: Equatable, Sendable {
        case address(IPAddress, port: Int)
        /// The proxy speaks for itself (`LOCAL`, such as a health check), does not say (`UNKNOWN`), or had it from a Unix socket.
        case proxyItself
    }

    let source: Source
    /// Bytes of the header; what follows belongs to the connection.
    let byteCount: Int
}

/// Reads the header that a proxy puts before the bytes of a connection: version 1 (text) or 2 (binary) of the PROXY protocol
/// (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt). Pure; asked anew with all bytes so far, as it is short.
///
/// ```
/// PROXY TCP4 192.0.2.1 198.51.100.7 5140 601\r\n            at most 107 bytes
///
/// \r\n\r\n\0\r\nQUIT\n | 2·command | family·protocol | length (2) | addresses | more (type, length, value)
///        12 bytes            1              1                2        12, 36, 216
/// ```
enum ProxyHeaderParser {
    /// What bytes are.
    enum Answer: Equatable, Sendable {
        /// The beginning of a header.
        case incomplete
        case header(ProxyHeader)
        /// No header, or one that breaks the rules; the text says which.
        case malformed(String)
    }

    /// Longest header of version 1, with its line end.
    private static let textBytesMax = 107
    /// Longest header of version 2: more than certificates in it need, and little enough for ten thousand connections at once.
    private static let binaryBytesMax = 8_192
    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let word = Array("PROXY ".utf8)

    /// Bytes of any header that fits.
    static let bytesMax = binaryBytesMax

    /// Reads what a connection begins with.
    static func parse(_ bytes: some RandomAccessCollection<UInt8>) -> Answer {
        guard let first = bytes.first else { return .incomplete }
        if first == signature[0] { return binary(bytes) }
        guard zip(bytes, word).allSatisfy(==) else { return .malformed("it begins with other bytes") }
        return text(bytes)
    }

    // MARK: Version 1

    private static func text(_ bytes: some RandomAccessCollection<UInt8>) -> Answer {
        let line = bytes.prefix(textBytesMax)
        guard let end = line.firstIndex(of: 0x0A) else {
            return line.count < textBytesMax ? .incomplete : .malformed("its line is longer than \(textBytesMax) bytes")
        }
        let count = line.distance(from: line.startIndex, to: end) + 1
        guard count >= 2, line[line.index(before: end)] == 0x0D else { return .malformed("its line does not end with CR LF") }
        let words = String(decoding: line.prefix(count - 2), as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard words.count >= 2 else { return .malformed("its line names no protocol") }
        switch words[1] {
        case "UNKNOWN": return .header(ProxyHeader(source: .proxyItself, byteCount: count))
        case "TCP4", "TCP6":
            guard words.count == 6, let source = address(words[2], words[1]), address(words[3], words[1]) != nil, let port = port(words[4]),
                Self.port(words[5]) != nil
            else { return .malformed("its line is not `PROXY TCP4|TCP6 SOURCE DESTINATION PORT PORT`") }
            return .header(ProxyHeader(source: .address(source, port: port), byteCount: count))
        default: return .malformed("its line names an unknown protocol")
        }
    }

    private static func address(_ text: Substring, _ family: Substring) -> IPAddress? {
        guard text.contains(":") == (family == "TCP6") else { return nil }
        return IPAddress(String(text))
    }

    private static func port(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 5, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(text),
            port <= 65_535, text == "0" || text.first != "0"
        else { return nil }
        return port
    }

    // MARK: Version 2

    private static func binary(_ bytes: some RandomAccessCollection<UInt8>) -> Answer {
        guard zip(bytes, signature).allSatisfy(==) else { return .malformed("it begins with other bytes") }
        let head = Array(bytes.prefix(signature.count + 4))
        if head.count > 12, head[12] >> 4 != 2 { return .malformed("its version is \(head[12] >> 4)") }
        guard head.count == signature.count + 4 else { return .incomplete }
        let length = Int(head[14]) << 8 | Int(head[15])
        let count = head.count + length
        guard count <= binaryBytesMax else { return .malformed("it has \(count) bytes, more than \(binaryBytesMax)") }
        guard head[12] & 0x0F <= 1 else { return .malformed("its command is \(head[12] & 0x0F)") }
        guard let needed = addressBytes[head[13]] else { return .malformed("its family and protocol are \(head[13])") }
        let isLocal = head[12] & 0x0F == 0
        guard isLocal || length >= needed else { return .malformed("its addresses are cut short") }
        guard bytes.count >= count else { return .incomplete }
        let body = Array(bytes.dropFirst(head.count).prefix(length))
        return .header(ProxyHeader(source: isLocal ? .proxyItself : source(body, family: head[13] >> 4), byteCount: count))
    }

    /// Bytes of both addresses by family and protocol.
    private static let addressBytes: [UInt8: Int] = [0x00: 0, 0x11: 12, 0x12: 12, 0x21: 36, 0x22: 36, 0x31: 216, 0x32: 216]

    private static func source(_ body: [UInt8], family: UInt8) -> ProxyHeader.Source {
        func port(at offset: Int) -> Int { Int(body[offset]) << 8 | Int(body[offset + 1]) }
        return switch family {
        case 1: .address(IPAddress(bytes: body[..<4]), port: port(at: 8))
        case 2: .address(IPAddress(bytes: body[..<16]), port: port(at: 32))
        default: .proxyItself
        }
    }
}
