import CSluice

/// Networks and their values, found by address: the narrowest network wins.
///
/// A binary trie with one node for each bit of a prefix, in one array without references: a look-up is a walk of at most 32
/// or 128 steps. IPv4 starts at node 0, IPv6 at node 1. Values are JSON texts.
// SAFETY: who makes a table fills it before anybody else sees it; from then on it is only read.
final class NetworkTable: @unchecked Sendable {
    private struct Node {
        var zero: Int32 = -1
        var one: Int32 = -1
        var value: Int32 = -1
    }

    private var nodes = [Node(), Node()]
    private var values: [[UInt8]] = []

    /// Networks in the table.
    var count: Int { values.count }

    /// Adds a network; a second one of the same bits takes the place of the first.
    func insert(_ network: IPNetwork, value: UnsafeRawBufferPointer) {
        var node = network.address.isIPv4 ? 0 : 1
        for index in 0..<network.bits {
            let isOne = network.address.bit(index) == 1
            var next = isOne ? nodes[node].one : nodes[node].zero
            if next < 0 {
                next = Int32(nodes.count)
                nodes.append(Node())
                if isOne { nodes[node].one = next } else { nodes[node].zero = next }
            }
            node = Int(next)
        }
        nodes[node].value = Int32(values.count)
        values.append(Array(value))
    }

    /// Calls `body` with the value of the narrowest network around an address, if there is one.
    func find(_ address: IPAddress, _ body: (UnsafeRawBufferPointer) -> Void) {
        let found = nodes.withUnsafeBufferPointer { nodes in
            var node = address.isIPv4 ? 0 : 1
            var found = nodes[node].value
            for index in 0..<address.bitCount {
                let next = address.bit(index) == 1 ? nodes[node].one : nodes[node].zero
                if next < 0 { break }
                node = Int(next)
                if nodes[node].value >= 0 { found = nodes[node].value }
            }
            return found
        }
        if found >= 0 { values[Int(found)].withUnsafeBytes(body) }
    }
}

extension HostContext {
    /// Answers a table's handle, from which the binding makes a table that `lookup.find` answers for.
    func push(_ table: NetworkTable, _ call: HostCall) {
        networkTables.append(table)
        call.push(Int64(networkTables.count - 1))
    }
}

extension HostCall {
    /// Adds a value from its JSON text.
    func push(json text: UnsafeRawBufferPointer) {
        switch text.first {
        case UInt8(ascii: "\""):
            let start = textStart
            TableText.unescape(TableValue(text: text).inside, to: scratch)
            pushText(from: start)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let start = textStart
            scratch.append(text)
            pushTable(from: start)
        case UInt8(ascii: "t"): push(true)
        case UInt8(ascii: "f"): push(false)
        case UInt8(ascii: "n"), nil: pushNil()
        default:
            var integer: Int64 = 0
            var number = 0.0
            // SAFETY: the text is valid JSON number text of `count` bytes.
            let isInteger = text.withMemoryRebound(to: CChar.self) {
                sl_parse_number($0.baseAddress, $0.count, &integer, &number) == 1
            }
            if isInteger { push(integer) } else { push(number) }
        }
    }
}
