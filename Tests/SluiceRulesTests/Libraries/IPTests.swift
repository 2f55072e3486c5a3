import Testing

@testable import SluiceRules

@Suite struct IPTests {
    private let call = LibraryBench()

    @Test(arguments: [
        "0.0.0.0", "255.255.255.255", "10.1.2.3", "::", "::1", "1::", "2001:db8::1", "1:2:3:4:5:6:7:8", "::ffff:10.0.0.1",
        "1:2:3:4:5:6:1.2.3.4", "fe80::1", "1::8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "ABCD::ef01",
    ])
    func `an address is valid`(_ text: String) { #expect(call("ip.valid", .string(text)) == true) }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1..2.3", "1.2.3.", ":", ":::", "1:",
        ":1",
        "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "fe80::1%eth0", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3",
        "1.2.3.4::", "[::1]", "1:2:3:4:5:6:7:8::", "localhost", "0x7f.0.0.1", "1.2.3.4/8",
    ])
    func `a text is no address`(_ text: String) { #expect(call("ip.valid", .string(text)) == false) }

    @Test(arguments: [
        ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:0:2:0:0:3:4", "1::2:0:0:3:4"),
        ("0:0:0:0:0:0:0:0", "::"), ("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"), ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
        ("0:0:0:0:0:ffff:10.0.0.1", "10.0.0.1"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"), ("10.0.0.1", "10.0.0.1"),
        ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"),
    ])
    func `normal text follows RFC 5952`(_ text: String, _ normal: String) {
        #expect(call("ip.normalize", .string(text)) == .string(normal))
    }

    @Test func `text that is no address answers nil and the reason`() {
        #expect(call.all("ip.normalize", "x") == [nil, "`x` is no IP address"])
        #expect(call.all("ip.anonymize", "x") == [nil, "`x` is no IP address"])
        #expect(call("ip.version", "x") == nil)
    }

    @Test func `versions are told apart`() {
        #expect(call("ip.version", "10.0.0.1") == 4)
        #expect(call("ip.version", "::1") == 6)
        #expect(call("ip.version", "::ffff:10.0.0.1") == 4)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false), ("10.1.2.3/8", "10.9.9.9", true),
        ("0.0.0.0/0", "255.255.255.255", true), ("0.0.0.0/0", "::1", false), ("::/0", "ffff::", true),
        ("::/0", "10.0.0.1", false),
        ("10.0.0.1/32", "10.0.0.1", true), ("10.0.0.1/32", "10.0.0.0", false), ("10.0.0.1", "10.0.0.1", true),
        ("10.0.0.0/31", "10.0.0.1", true), ("10.0.0.0/31", "10.0.0.2", false), ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/33", "2001:db8:8000::", false), ("2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff", true),
        ("2001:db8::/65", "2001:db8::8000:0:0:0", false), ("2001:db8::1/128", "2001:db8::1", true),
        ("::ffff:10.0.0.0/104", "10.1.2.3", true), ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("10.0.0.0/8", "not an address", false),
    ])
    func `a network contains what its prefix says`(_ network: String, _ address: String, _ isInside: Bool) {
        #expect(call("ip.contains", .string(network), .string(address)) == .boolean(isInside))
    }

    @Test(arguments: ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0/8", "::/129", "/8", "", "10.0.0.0/8/8"])
    func `a text that is no network is an error`(_ network: String) {
        #expect(
            call.failure("ip.contains", .string(network), "10.0.0.1")
                == "bad argument #1 to 'ip.contains' (network such as `10.0.0.0/8` expected, got `\(network)`)")
    }

    @Test func `the first network of a list that fits is named`() {
        let list = RuleValue.table(#"["192.168.0.0/16","10.0.0.0/8","10.1.0.0/16"]"#)
        #expect(call.all("ip.in_any", "10.1.1.1", list) == [true, "10.0.0.0/8"])
        #expect(call.all("ip.in_any", "8.8.8.8", list) == [false])
        #expect(call.all("ip.in_any", "?", list) == [false])
        #expect(
            call.failure("ip.in_any", "10.1.1.1", .table(#"["x"]"#))
                == "bad argument #2 to 'ip.in_any' (network such as `10.0.0.0/8` expected, got `x`)")
    }

    @Test func `special addresses are known`() {
        for address in ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00::1"] {
            #expect(call("ip.is_private", .string(address)) == true)
            #expect(call("ip.is_public", .string(address)) == false)
        }
        for address in ["172.32.0.1", "11.0.0.1", "8.8.8.8", "2606:4700::1111"] {
            #expect(call("ip.is_private", .string(address)) == false)
            #expect(call("ip.is_public", .string(address)) == true)
        }
        #expect(call("ip.is_loopback", "127.1.2.3") == true)
        #expect(call("ip.is_loopback", "::1") == true)
        #expect(call("ip.is_link_local", "fe80::1") == true)
        #expect(call("ip.is_multicast", "239.0.0.1") == true)
        #expect(call("ip.is_public", "100.64.0.1") == false)
        #expect(call("ip.is_public", "no address") == false)
    }

    @Test func `masks keep the leading bits`() {
        #expect(call("ip.mask", "10.1.2.3", 16, 32) == "10.1.0.0")
        #expect(call("ip.mask", "10.1.2.3", 0, 0) == "0.0.0.0")
        #expect(call("ip.mask", "10.1.2.3", 32, 0) == "10.1.2.3")
        #expect(call("ip.mask", "2001:db8:1:2:3::4", 16, 32) == "2001:db8::")
        #expect(call("ip.mask", "2001:db8:1:2:3::4", 16, 72) == "2001:db8:1:2::")
        #expect(call("ip.mask", "2001:db8:1:2:3::4", 16, 0) == "::")
        #expect(call("ip.anonymize", "10.1.2.3") == "10.1.2.0")
        #expect(call("ip.anonymize", "2001:db8:1:2:3::4") == "2001:db8:1::")
        #expect(call("ip.anonymize", "10.1.2.3", 8) == "10.0.0.0")
        #expect(call.failure("ip.mask", "10.1.2.3", 33, 0) == "bad argument #2 to 'ip.mask' (0 to 32 expected, got 33)")
        #expect(call.failure("ip.mask", "10.1.2.3", 8, 129) == "bad argument #3 to 'ip.mask' (0 to 128 expected, got 129)")
    }

    @Test func `networks and ranges come as text`() {
        #expect(call("ip.network", "10.1.2.3", 24) == "10.1.2.0/24")
        #expect(call("ip.network", "2001:db8::1", 32) == "2001:db8::/32")
        #expect(call.failure("ip.network", "10.1.2.3", 64) == "bad argument #2 to 'ip.network' (0 to 32 expected, got 64)")
        #expect(call.all("ip.range", "10.0.0.0/8") == ["10.0.0.0", "10.255.255.255"])
        #expect(call.all("ip.range", "10.0.0.7") == ["10.0.0.7", "10.0.0.7"])
        #expect(call.all("ip.range", "2001:db8::/32") == ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"])
        #expect(call.all("ip.range", "2001:db8::/96") == ["2001:db8::", "2001:db8::ffff:ffff"])
        #expect(call.all("ip.range", "0.0.0.0/0") == ["0.0.0.0", "255.255.255.255"])
    }

    @Test func `IPv4 addresses are numbers, IPv6 addresses are not`() {
        #expect(call("ip.to_integer", "255.255.255.255") == 4_294_967_295)
        #expect(call("ip.from_integer", 4_294_967_295) == "255.255.255.255")
        #expect(call.all("ip.to_integer", "::1") == [nil, "an IPv6 address does not fit an integer"])
        #expect(call.all("ip.from_integer", -1) == [nil, "-1 is no IPv4 address; it takes 0 to 4294967295"])
    }

    @Test func `a table of networks answers for the narrowest one`() {
        call.context.isLoading = true
        let handle = call(
            "ip.networks", .table(#"{"10.0.0.0/8":"all","10.1.0.0/16":{"site":"Berlin"},"10.1.2.3":7,"::/0":true}"#))
        #expect(call("lookup.find", handle, "10.9.9.9") == "all")
        #expect(call("lookup.find", handle, "10.1.9.9") == .table(#"{"site":"Berlin"}"#))
        #expect(call("lookup.find", handle, "10.1.2.3") == 7)
        #expect(call("lookup.find", handle, "fe80::1") == true)
        #expect(call("lookup.find", handle, "11.0.0.1") == nil)
        #expect(call("lookup.find", handle, "no address") == nil)
        #expect(call("lookup.find", handle, nil) == nil)
        let list = call("ip.networks", .table(#"["10.0.0.0/8"]"#))
        #expect(call("lookup.find", list, "10.9.9.9") == "10.0.0.0/8")
        #expect(
            call.failure("ip.networks", .table(#"["10"]"#))
                == "bad argument #1 to 'ip.networks' (network such as `10.0.0.0/8` expected, got `10`)")
    }

    @Test func `a table of networks is made while the rule loads only`() {
        #expect(
            call.failure("ip.networks", .table("[]"))
                == "ip.networks makes a table and works while the rule loads only; call it at the top of the rule")
    }

    @Test func `the trie agrees with asking every network`() {
        var random = RandomSource(seed: 7)
        let table = NetworkTable()
        var networks: [(IPNetwork, String)] = []
        for index in 0..<300 {
            let address = IPAddress(high: 0, low: random.next() & 0xFF0F_0F0F, isIPv4: true)
            let network = IPNetwork(address: address, bits: Int(random.next() % 33))
            if networks.contains(where: { $0.0.address == network.address && $0.0.bits == network.bits }) { continue }
            networks.append((network, "\(index)"))
            Array("\(index)".utf8).withUnsafeBytes { table.insert(network, value: $0) }
        }
        for _ in 0..<3_000 {
            let address = IPAddress(high: 0, low: random.next() & 0xFF0F_0F0F, isIPv4: true)
            let expected = networks.filter { $0.0.contains(address) }.max { $0.0.bits < $1.0.bits }?.1
            var found: String?
            table.find(address) { found = String(decoding: $0, as: UTF8.self) }
            #expect(found == expected)
        }
    }
}
