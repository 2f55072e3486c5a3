import CSluice

/// `ip`: IPv4 and IPv6 addresses and networks.
enum IPLibrary {
    static let functions: [HostFunction] = questions + changes + networks

    private static let address = HostParameter("address", .string, "IPv4 or IPv6 address; other text is never in a network")
    private static let network = HostParameter("network", .string, "network such as `10.0.0.0/8`, or one address")
    private static let refused = HostResult("address", "string?", "canonical text")

    private static let questions: [HostFunction] = [
        HostFunction(
            "ip", "valid", [address], returns: [HostResult("is_valid", "boolean", "")],
            "Whether a text is an IPv4 or IPv6 address.",
            notes: "IPv4 parts with leading zeros and zone indexes (`%eth0`) are not valid.",
            example: #"if not ip.valid(event.client) then event.client = nil end"#
        ) { call, _ in call.push(IPAddress(call.bytes(0)) != nil) },
        HostFunction(
            "ip", "version", [address], returns: [HostResult("version", "4|6|nil", "nil when it is no address")],
            "The version of an address.", notes: "IPv4-mapped addresses (`::ffff:10.0.0.1`) count as IPv4 everywhere.",
            example: #"if ip.version(event.client) == 6 then event.tags = { "ipv6" } end"#
        ) { call, _ in
            if let address = IPAddress(call.bytes(0)) { call.push(Int64(address.isIPv4 ? 4 : 6)) } else { call.pushNil() }
        },
        question(
            "is_private", "an address of private use (RFC 1918, or fc00::/7)",
            ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]),
        question("is_loopback", "an address of the host itself (127.0.0.0/8 or ::1)", ["127.0.0.0/8", "::1"]),
        question("is_link_local", "a link-local address (169.254.0.0/16 or fe80::/10)", ["169.254.0.0/16", "fe80::/10"]),
        question("is_multicast", "a multicast address (224.0.0.0/4 or ff00::/8)", ["224.0.0.0/4", "ff00::/8"]),
        HostFunction(
            "ip", "is_public", [address], returns: [HostResult("is_public", "boolean", "false for text that is no address")],
            "Whether an address is one of the public internet.",
            notes: "Not so are the special-purpose networks of RFC 6890: private, shared (100.64.0.0/10), loopback, link-local, "
                + "documentation, benchmarking, multicast, reserved, unspecified.",
            example: #"if ip.is_public(event.client) then also("geo") end"#
        ) { call, _ in
            guard let address = IPAddress(call.bytes(0)) else { return call.push(false) }
            call.push(!special.contains { $0.contains(address) })
        },
    ]

    private static let changes: [HostFunction] = [
        HostFunction(
            "ip", "normalize", [address], returns: [refused, .reason], "The canonical text of an address (RFC 5952 for IPv6).",
            example: #"event.client = ip.normalize(event.client) or event.client"#
        ) { call, _ in withAddress(call) { $0.append(to: call.scratch) } },
        HostFunction(
            "ip", "mask",
            [
                address, HostParameter("ipv4_bits", .integer, "leading bits kept of an IPv4 address, 0 to 32"),
                HostParameter("ipv6_bits", .integer, "leading bits kept of an IPv6 address, 0 to 128"),
            ], returns: [refused, .reason], "The address with all further bits set to zero.",
            example: #"event.client = ip.mask(event.client, 16, 32)"#
        ) { call, _ in mask(call, "ip.mask", ipv4: call.integer(1), ipv6: call.integer(2)) },
        HostFunction(
            "ip", "anonymize",
            [
                address, .optional("ipv4_bits", .integer, "leading bits kept of an IPv4 address, by default 24"),
                .optional("ipv6_bits", .integer, "leading bits kept of an IPv6 address, by default 48"),
            ], returns: [refused, .reason],
            "The address without the part that names one subscriber: the last 8 bits of IPv4 and the last 80 of IPv6 set to zero.",
            example: #"event.client = ip.anonymize(event.client)"#
        ) { call, _ in
            mask(call, "ip.anonymize", ipv4: call.integer(1, default: 24), ipv6: call.integer(2, default: 48))
        },
        HostFunction(
            "ip", "to_integer", [address], returns: [HostResult("number", "integer?", "0 to 4294967295"), .reason],
            "An IPv4 address as number.", notes: "IPv6 addresses do not fit; they answer nil.",
            example: #"event.client_number = ip.to_integer(event.client)"#
        ) { call, _ in
            guard let address = IPAddress(call.bytes(0)) else { return call.refuse(noAddress(call)) }
            if address.isIPv4 { call.push(Int64(address.low)) } else { call.refuse("an IPv6 address does not fit an integer") }
        },
        HostFunction(
            "ip", "from_integer", [HostParameter("number", .integer, "0 to 4294967295")], returns: [refused, .reason],
            "The IPv4 address of a number.", example: #"event.client = ip.from_integer(event.client_number)"#
        ) { call, _ in
            guard let number = UInt32(exactly: call.integer(0)) else {
                return call.refuse("\(call.integer(0)) is no IPv4 address; it takes 0 to 4294967295")
            }
            let start = call.textStart
            IPAddress(high: 0, low: UInt64(number), isIPv4: true).append(to: call.scratch)
            call.pushText(from: start)
        },
    ]

    private static let networks: [HostFunction] = [
        HostFunction(
            "ip", "contains", [network, address], returns: [HostResult("is_inside", "boolean", "")],
            "Whether an address lies in a network.",
            notes: "A text that is no network is an error, one that is no address is not inside.",
            example: #"if ip.contains("10.0.0.0/8", event.client) then event.site = "office" end"#
        ) { call, context in
            guard let network = context.network(call, 0, of: "ip.contains") else { return }
            call.push(IPAddress(call.bytes(1)).map { network.contains($0) } ?? false)
        },
        HostFunction(
            "ip", "in_any", [address, HostParameter("networks", .table, type: "string[]", "networks, tried in order")],
            returns: [
                HostResult("is_inside", "boolean", ""),
                HostResult("network", "string?", "the first of the networks that the address lies in"),
            ], "Whether an address lies in one of some networks.",
            notes: "For more than a handful make a table once with `ip.networks` or `lookup.cidr`.",
            example: #"if ip.in_any(event.client, { "10.0.0.0/8", "192.168.0.0/16" }) then return "internal" end"#,
            body: inAny),
        HostFunction(
            "ip", "network",
            [address, HostParameter("bits", .integer, "leading bits, 0 to 32 or 128")],
            returns: [HostResult("network", "string?", "such as `10.1.2.0/24`"), .reason],
            "The network of so many bits that an address lies in.", example: #"event.subnet = ip.network(event.client, 24)"#
        ) { call, _ in
            withAddress(call) { address in
                guard (0...address.bitCount).contains(Int(call.integer(1))) else {
                    call.failArgument(1, of: "ip.network", "0 to \(address.bitCount) expected, got \(call.integer(1))")
                    return
                }
                IPNetwork(address: address, bits: Int(call.integer(1))).append(to: call.scratch)
            }
        },
        HostFunction(
            "ip", "range", [network],
            returns: [HostResult("first", "string", ""), HostResult("last", "string", "")],
            "The first and the last address of a network.", example: #"local first, last = ip.range("10.0.0.0/8")"#
        ) { call, context in
            guard let network = context.network(call, 0, of: "ip.range") else { return }
            var start = call.textStart
            network.address.append(to: call.scratch)
            call.pushText(from: start)
            start = call.textStart
            network.address.filled(network.bits).append(to: call.scratch)
            call.pushText(from: start)
        },
        HostFunction(
            "ip", "networks",
            [HostParameter("networks", .table, type: "string[]|table<string, any>", "list of networks, or network = value")],
            returns: [.finder],
            "A table that is indexed with an address and answers the value of the narrowest network around it.",
            notes: "For a list the value is the network as written. Make it once, at the top of the rule.",
            example: """
                local sites = ip.networks{ ["10.1.0.0/16"] = "Berlin", ["10.2.0.0/16"] = "Paris" }
                event.site = sites[event.client]
                """,
            body: makeTable),
    ]

    private static let special: [IPNetwork] = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
        "3fff::/20", "fc00::/7", "fe80::/10", "ff00::/8",
    ].map(known)

    private static func known(_ text: String) -> IPNetwork {
        guard let network = Array(text.utf8).withUnsafeBytes({ IPNetwork($0) }) else {
            preconditionFailure("`\(text)` is no network")
        }
        return network
    }

    private static func question(_ name: String, _ what: String, _ texts: [String]) -> HostFunction {
        let networks = texts.map(known)
        return HostFunction(
            "ip", name, [address], returns: [HostResult(name, "boolean", "false for text that is no address")],
            "Whether a text is \(what).", example: "if ip.\(name)(event.client) then return drop end"
        ) { call, _ in
            guard let address = IPAddress(call.bytes(0)) else { return call.push(false) }
            call.push(networks.contains { $0.contains(address) })
        }
    }

    private static func noAddress(_ call: HostCall) -> String { "`\(call.string(0))` is no IP address" }

    /// Answers what `body` writes for the address in the first argument, or nil and the reason.
    private static func withAddress(_ call: HostCall, _ body: (IPAddress) -> Void) {
        guard let address = IPAddress(call.bytes(0)) else { return call.refuse(noAddress(call)) }
        let start = call.textStart
        body(address)
        if call.raw.pointee.failed == 0 { call.pushText(from: start) }
    }

    private static func mask(_ call: HostCall, _ name: String, ipv4: Int64, ipv6: Int64) {
        guard (0...32).contains(ipv4) else { return call.failArgument(1, of: name, "0 to 32 expected, got \(ipv4)") }
        guard (0...128).contains(ipv6) else { return call.failArgument(2, of: name, "0 to 128 expected, got \(ipv6)") }
        withAddress(call) { $0.masked(Int($0.isIPv4 ? ipv4 : ipv6)).append(to: call.scratch) }
    }

    private static func inAny(_ call: HostCall, _ context: HostContext) {
        guard var reader = TableReader(call.bytes(1)) else { return call.push(false) }
        let address = IPAddress(call.bytes(0))
        while let item = reader.next() {
            guard item.value.isString, let network = context.network(of: item.value.inside) else {
                return call.failArgument(1, of: "ip.in_any", "network such as `10.0.0.0/8` expected, got `\(item.value.string)`")
            }
            if let address, network.contains(address) {
                call.push(true)
                let start = call.textStart
                item.value.appendText(to: call.scratch)
                return call.pushText(from: start)
            }
        }
        call.push(false)
    }

    private static func makeTable(_ call: HostCall, _ context: HostContext) {
        guard context.isLoading else {
            return call.fail("ip.networks makes a table and works while the rule loads only; call it at the top of the rule")
        }
        let table = NetworkTable()
        guard var reader = TableReader(call.bytes(0)) else { return }
        while let item = reader.next() {
            let text = reader.isArray ? item.value.inside : item.key
            guard let network = IPNetwork(text) else {
                return call.failArgument(
                    0, of: "ip.networks", "network such as `10.0.0.0/8` expected, got `\(TableValue(key: text).string)`")
            }
            table.insert(network, value: item.value.text)
        }
        context.push(table, call)
    }
}

extension HostContext {
    /// The network that an argument names; fails the call when it names none.
    func network(_ call: HostCall, _ index: Int, of name: String) -> IPNetwork? {
        if let network = network(of: call.bytes(index)) { return network }
        call.failArgument(index, of: name, "network such as `10.0.0.0/8` expected, got `\(call.string(index))`")
        return nil
    }

    /// The network of a text, nil when it is none.
    func network(of text: UnsafeRawBufferPointer) -> IPNetwork? { caches.networks.value(text) { IPNetwork($0) } }
}
