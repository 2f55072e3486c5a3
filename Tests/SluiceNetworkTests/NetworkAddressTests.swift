import SluiceConfig
import SluiceNetwork
import Testing

struct NetworkAddressTests {
    private static let all = NetworkAddress.Scheme.allCases

    private static func read(_ text: String, port: Int? = nil) throws -> NetworkAddress {
        try NetworkAddress(text, schemes: all, folder: "/etc/sluice", port: port, key: "listen")
    }

    @Test func `addresses are read and written alike`() throws {
        for text in [
            "udp://0.0.0.0:514", "tcp://[::1]:0", "tls://logs.example.com:6514", "unix:/run/a.sock", "unixgram:/dev/log", "systemd:syslog",
            "systemd:",
        ] {
            #expect(try Self.read(text).text == text)
        }
        #expect(try Self.read("unix:///run/a.sock") == .unix(path: "/run/a.sock"))
        #expect(try Self.read("unix:a.sock") == .unix(path: "/etc/sluice/a.sock"))
        #expect(try Self.read("tcp://host", port: 601) == .tcp(host: "host", port: 601))
        #expect(try Self.read("tcp://[2001:db8::1]", port: 601) == .tcp(host: "2001:db8::1", port: 601))
    }

    @Test(arguments: [
        "", "514", "tcp:514", "tcp://:514", "tcp://host", "tcp://host:", "tcp://host:65536", "tcp://::1:514", "tcp://[::1:514",
        "tcp://a/b:1",
        "unix:", "http://host:80", "tcp://host:+5x",
    ])
    func `what is no address is refused with examples`(_ text: String) {
        #expect {
            try Self.read(text)
        } throws: { error in
            let message = (error as? ConfigError)?.message ?? ""
            return message.contains("`\(text)` is no address for `listen`") && message.contains("tcp://0.0.0.0:514")
        }
    }

    @Test func `a path that no socket can have is refused`() {
        #expect(throws: ConfigError.self) { try Self.read("unix:/" + String(repeating: "a", count: 107)) }
        #expect(throws: Never.self) { try Self.read("unix:/" + String(repeating: "a", count: 106)) }
    }

    @Test(arguments: [
        ("10.1.0.0/16", "10.1.255.3", true), ("10.1.0.0/16", "::ffff:10.1.2.3", true), ("10.1.0.0/16", "10.2.0.1", false),
        ("10.1.0.0/16", "a01::1", false), ("2001:db8::/33", "2001:db8:7fff::1", true), ("2001:db8::/33", "2001:db8:8000::1", false),
        ("::1", "::1", true), ("::1", "::2", false), ("0.0.0.0/0", "255.1.2.3", true), ("0.0.0.0/0", "::1", false),
    ])
    func `a block holds the addresses of its prefix`(_ block: String, _ address: String, _ isInside: Bool) throws {
        let block = try #require(IPBlock(block))
        let address = try #require(IPAddress(address))
        #expect(block.contains(address) == isInside)
    }

    @Test(arguments: ["10.1.0.0/33", "10.1.2.0/16", "2001:db8::/129", "x", "10.0.0.0/", "10.0.0/8", "/8"])
    func `what is no block is refused`(_ text: String) { #expect(IPBlock(text) == nil) }

    @Test func `addresses have one text`() {
        #expect(IPAddress("::ffff:192.0.2.1")?.text == "192.0.2.1")
        #expect(IPAddress("2001:0db8:0:0::0001")?.text == "2001:db8::1")
    }
}
