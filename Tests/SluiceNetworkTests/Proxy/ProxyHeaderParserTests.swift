import Testing

@testable import SluiceNetwork

struct ProxyHeaderParserTests {
    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    /// A header of version 2.
    static func binary(_ versionAndCommand: UInt8, _ family: UInt8, _ body: [UInt8]) -> [UInt8] {
        signature + [versionAndCommand, family, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
    }

    private static let four: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 7, 0x14, 0x14, 0x02, 0x59]
    private static let six: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1] + [UInt8](repeating: 2, count: 16) + [0x14, 0x14, 0x02, 0x59]

    private static let good: [([UInt8], ProxyHeader.Source)] = [
        (Array("PROXY TCP4 192.0.2.1 198.51.100.7 5140 601\r\n".utf8), address("192.0.2.1")),
        (Array("PROXY TCP6 2001:db8::1 2001:db8::2 5140 601\r\n".utf8), address("2001:db8::1")),
        (Array("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 5140 0\r\n".utf8), address("192.0.2.1")),
        (Array("PROXY UNKNOWN\r\n".utf8), .proxyItself),
        (Array("PROXY UNKNOWN ffff::1 anything at all\r\n".utf8), .proxyItself),
        (binary(0x21, 0x11, four), address("192.0.2.1")),
        (binary(0x21, 0x12, four), address("192.0.2.1")),
        (binary(0x21, 0x21, six), address("2001:db8::1")),
        (binary(0x21, 0x11, four + [0x04, 0x00, 0x02, 0, 0]), address("192.0.2.1")),
        (binary(0x21, 0x31, [UInt8](repeating: 0x41, count: 216)), .proxyItself),
        (binary(0x21, 0x00, []), .proxyItself),
        (binary(0x20, 0x00, []), .proxyItself),
        (binary(0x20, 0x11, [1, 2, 3]), .proxyItself),
        (binary(0x21, 0x11, four + [UInt8](repeating: 0, count: 8_192 - 16 - 12)), address("192.0.2.1")),
    ]

    private static func address(_ text: String) -> ProxyHeader.Source { .address(IPAddress(text)!, port: 5140) }

    @Test(arguments: good.indices)
    func `a header is found whole, whatever follows`(_ index: Int) {
        let (bytes, source) = Self.good[index]
        for rest in ["", "<13>first", "PROXY TCP4", "\r\n"] {
            #expect(ProxyHeaderParser.parse(bytes + Array(rest.utf8)) == .header(ProxyHeader(source: source, byteCount: bytes.count)))
        }
    }

    @Test(arguments: good.indices)
    func `a header that is cut anywhere is waited for`(_ index: Int) {
        let bytes = Self.good[index].0
        for end in 0..<bytes.count {
            #expect(ProxyHeaderParser.parse(bytes[..<end]) == .incomplete, "cut at \(end)")
        }
    }

    private static let bad: [([UInt8], String)] =
        [
            ("GET / HTTP/1.1\r\n", "it begins with other bytes"),
            ("<13>message\n", "it begins with other bytes"),
            ("PROXX", "it begins with other bytes"),
            ("PROXY TCP4 192.0.2.1 198.51.100.7 5140 601\n", "its line does not end with CR LF"),
            ("PROXY \r\n", "its line names an unknown protocol"),
            ("PROXY UDP4 192.0.2.1 198.51.100.7 1 2\r\n", "its line names an unknown protocol"),
            ("PROXY TCP4 192.0.2.1 198.51.100.7 5140\r\n", form), ("PROXY TCP4 192.0.2.1 198.51.100.7 5140 601 x\r\n", form),
            ("PROXY TCP4  192.0.2.1 198.51.100.7 5140 601\r\n", form), ("PROXY TCP4 2001:db8::1 2001:db8::2 5140 601\r\n", form),
            ("PROXY TCP6 192.0.2.1 198.51.100.7 5140 601\r\n", form), ("PROXY TCP4 192.0.2.256 198.51.100.7 5140 601\r\n", form),
            ("PROXY TCP4 192.0.2.1 198.51.100.7 65536 601\r\n", form), ("PROXY TCP4 192.0.2.1 198.51.100.7 0514 601\r\n", form),
            ("PROXY TCP4 192.0.2.1 198.51.100.7 -1 601\r\n", form), ("PROXY TCP4 192.0.2.1 198.51.100.7 +1 601\r\n", form),
            ("PROXY UNKNOWN " + String(repeating: "x", count: 92) + "\r\n", "its line is longer than 107 bytes"),
            ("PROXY " + String(repeating: "x", count: 101), "its line is longer than 107 bytes"),
            ("\r\n\r\nx", "it begins with other bytes"),
        ].map { (Array($0.0.utf8), $0.1) } + [
            (binary(0x31, 0x11, four), "its version is 3"),
            (binary(0x22, 0x11, four), "its command is 2"),
            (binary(0x21, 0x13, four), "its family and protocol are 19"),
            (binary(0x21, 0x41, four), "its family and protocol are 65"),
            (binary(0x21, 0x11, Array(four.dropLast())), "its addresses are cut short"),
            (binary(0x21, 0x21, four), "its addresses are cut short"),
            (binary(0x21, 0x11, four + [UInt8](repeating: 0, count: 8_192 - 16 - 11)), "it has 8193 bytes, more than 8192"),
        ]

    private static let form = "its line is not `PROXY TCP4|TCP6 SOURCE DESTINATION PORT PORT`"

    @Test(arguments: bad.indices)
    func `what breaks the rules is refused, with the reason`(_ index: Int) {
        let (bytes, reason) = Self.bad[index]
        #expect(ProxyHeaderParser.parse(bytes) == .malformed(reason))
    }

    @Test(arguments: bad.indices)
    func `what is refused once is refused with more bytes too`(_ index: Int) {
        let bytes = Self.bad[index].0
        for end in 0...bytes.count {
            guard case .malformed = ProxyHeaderParser.parse(bytes[..<end]) else { continue }
            for rest in [Array(bytes[end...]), Array("\r\n".utf8)] {
                guard case .malformed = ProxyHeaderParser.parse(bytes[..<end] + rest) else {
                    Issue.record("\(bytes[..<end]) was refused, and not with \(rest)")
                    return
                }
            }
        }
    }
}
