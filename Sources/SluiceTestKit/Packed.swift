/// Bytes written as hexadecimal digits with blanks, and texts between quotes: `92 01 'abc'`.
package func packed(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Substring(text)
    while let first = rest.first {
        if first == "'" {
            let inside = rest.dropFirst().prefix { $0 != "'" }
            bytes += Array(inside.utf8)
            rest = rest.dropFirst(inside.count + 2)
        } else if first == " " {
            rest = rest.dropFirst()
        } else {
            bytes.append(UInt8(rest.prefix(2), radix: 16)!)
            rest = rest.dropFirst(2)
        }
    }
    return bytes
}
