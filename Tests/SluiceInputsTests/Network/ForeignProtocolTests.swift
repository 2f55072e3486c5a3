import Testing

@testable import SluiceInputs

@Suite struct ForeignProtocolTests {
    func look(_ bytes: [UInt8]) -> ForeignProtocol.Finding { bytes.withUnsafeBytes { ForeignProtocol.look($0) } }

    func look(_ text: String) -> ForeignProtocol.Finding { look(Array(text.utf8)) }

    /// What a stream with this start is found to be, and that each shorter start says the same or nothing yet.
    func decide(_ bytes: [UInt8]) -> ForeignProtocol.Finding {
        let finding = look(bytes)
        for count in 1..<bytes.count {
            let earlier = look(Array(bytes.prefix(count)))
            #expect(earlier == .undecided || earlier == finding, "\(bytes.prefix(count))")
        }
        return finding
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /api/logs HTTP/1.0\r\n", "OPTIONS * HTTP/1.1\r\n", "CONNECT a:443 HTTP/1.1\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HEAD /a%20b HTTP/1.1\r\n",
    ]) func `requests are HTTP`(_ text: String) { #expect(decide(Array(text.utf8)) == .foreign(.http)) }

    @Test func `other starts are found`() {
        #expect(decide([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]) == .foreign(.tls))
        #expect(decide([0x16, 0x03, 0x03, 0x00]) == .foreign(.tls))
        #expect(decide(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)) == .foreign(.ssh))
        #expect(decide([0x1F, 0x8B, 0x08, 0x00]) == .foreign(.compressed))
        #expect(decide([0x28, 0xB5, 0x2F, 0xFD, 0x04]) == .foreign(.compressed))
        for level: UInt8 in [0x01, 0x5E, 0x9C, 0xDA] {
            #expect(decide([0x78, level, 0xB2, 0x31, 0xB7, 0x00, 0x01]) == .foreign(.compressed))
            #expect(look([0x78, level, 0xB2, 0x0A, 0x31, 0x00, 0x01]) == .foreign(.compressed))
            #expect(decide(Array("128 z".utf8) + [0x78, level, 0x33]) == .foreign(.compressed))
        }
    }

    @Test(arguments: [
        "<13>Oct  9 22:33:20 host app: x", "12 <13>one\n", "128 zebras\n", "GET / 200 12ms\n", "GET /index.html HTTP/1.1\" 200\n",
        "GETTING started\n", "SSH-agent started\n", "x^2 + y^2\n", "xylophone\n", "(note) text\n", "{\"a\":1}\n", "\n", "123456789012 \n",
        "2024-01-01 line\n", "PRIMARY key\n", "\u{16}x\n", "z\n",
    ]) func `lines of logs are not`(_ text: String) { #expect(decide(Array(text.utf8)) == .none) }

    @Test func `nothing says nothing, and nothing is undecided for ever`() {
        #expect(look([]) == .undecided)
        let starts: [[UInt8]] = [Array("GET /".utf8), [0x78, 0x9C], Array("1".utf8), [0x16, 0x03], Array("128 z".utf8)]
        for start in starts {
            let bytes = start + [UInt8](repeating: 0x61, count: ForeignProtocol.bytesMax - start.count)
            #expect(look(bytes) == .none)
        }
        #expect(look([UInt8](repeating: 0x31, count: 8)) == .none)
    }

    @Test func `only HTTP gets an answer, whose length is right`() throws {
        let answer = try #require(ForeignProtocol.http.answer)
        let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1)
        #expect(parts.count == 2 && parts[0].contains("Content-Length: \(parts[1].utf8.count)\r\n"))
        #expect(ForeignProtocol.allCases.filter { $0.answer != nil } == [.http])
        #expect(ForeignProtocol.allCases.allSatisfy { !$0.advice.isEmpty && !$0.advice.hasSuffix(".") })
    }
}
