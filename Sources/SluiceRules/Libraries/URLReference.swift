/// The parts of a URL or relative reference (RFC 3986, section 3 and appendix B), as ranges of its text.
struct URLReference {
    typealias Part = UnsafeRawBufferPointer

    var scheme: Part?
    var user: Part?
    var password: Part?
    /// Without the brackets of an IPv6 literal.
    var host: Part?
    var port: UInt16?
    var path: Part
    var query: Part?
    var fragment: Part?

    /// What makes a text no URL.
    struct Fault: Error {
        let reason: String
    }

    /// Cuts a text into its parts.
    init(_ text: Part) throws(Fault) {
        for (index, byte) in text.enumerated() where byte <= 0x20 || byte == 0x7F {
            throw Fault(reason: "byte \(index + 1) is a blank or control character")
        }
        var rest = text[...]
        if let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
            fragment = Part(rebasing: rest[(hash + 1)...])
            rest = rest[..<hash]
        }
        if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
            query = Part(rebasing: rest[(mark + 1)...])
            rest = rest[..<mark]
        }
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")), URLReference.isScheme(rest[..<colon]) {
            scheme = Part(rebasing: rest[..<colon])
            rest = rest[(colon + 1)...]
        }
        var authority: Slice<Part>?
        if rest.starts(with: "//".utf8) {
            let start = rest.startIndex + 2
            let end = rest[start...].firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            authority = rest[start..<end]
            rest = rest[end...]
        }
        path = Part(rebasing: rest)
        if let authority { try take(authority) }
    }

    private mutating func take(_ authority: Slice<Part>) throws(Fault) {
        var rest = authority
        if let at = rest.lastIndex(of: UInt8(ascii: "@")) {
            let information = rest[..<at]
            rest = rest[(at + 1)...]
            if let colon = information.firstIndex(of: UInt8(ascii: ":")) {
                user = Part(rebasing: information[..<colon])
                password = Part(rebasing: information[(colon + 1)...])
            } else {
                user = Part(rebasing: information)
            }
        }
        var portText: Slice<Part>?
        if rest.first == UInt8(ascii: "[") {
            guard let close = rest.firstIndex(of: UInt8(ascii: "]")) else { throw Fault(reason: "`[` has no `]`") }
            let literal = Part(rebasing: rest[(rest.startIndex + 1)..<close])
            guard IPAddress(literal) != nil, literal.contains(UInt8(ascii: ":")) else {
                throw Fault(reason: "`[…]` holds no IPv6 address")
            }
            host = literal
            let behind = rest[(close + 1)...]
            if !behind.isEmpty {
                guard behind.first == UInt8(ascii: ":") else { throw Fault(reason: "text follows `]`") }
                portText = behind.dropFirst()
            }
        } else if let colon = rest.lastIndex(of: UInt8(ascii: ":")) {
            host = Part(rebasing: rest[..<colon])
            portText = rest[(colon + 1)...]
        } else {
            host = Part(rebasing: rest)
        }
        if host?.contains(UInt8(ascii: ":")) == true, rest.first != UInt8(ascii: "[") {
            throw Fault(reason: "the host holds a `:`; write an IPv6 address in brackets")
        }
        guard let portText, !portText.isEmpty else { return }
        guard portText.count <= 5, portText.allSatisfy({ $0 &- 0x30 < 10 }),
            let number = NumberText.integer(Part(rebasing: portText)), let port = UInt16(exactly: number)
        else { throw Fault(reason: "the port is no number from 0 to 65535") }
        self.port = port
    }

    private static func isScheme(_ text: Slice<Part>) -> Bool {
        guard let first = text.first, isLetter(first) else { return false }
        return text.allSatisfy { isLetter($0) || $0 &- 0x30 < 10 || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
}
