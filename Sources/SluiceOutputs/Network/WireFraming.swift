/// How records are told apart in a stream.
enum WireFraming: String, Sendable, CaseIterable {
    /// The length before each (RFC 6587 section 3.4.1, RFC 5425 section 4.3.1); records may hold any byte.
    case octetCounting = "octet_counting"
    /// A line end behind each (RFC 6587 section 3.4.2).
    case newline
    /// A NUL behind each.
    case nul

    /// The byte that ends a record; nil when its length says where.
    var separator: UInt8? {
        switch self {
        case .octetCounting: nil
        case .newline: 0x0A
        case .nul: 0
        }
    }

    /// What stands for the separator inside a record, so that it is not torn (`#012` as in rsyslog).
    var escape: StaticString {
        switch self {
        case .octetCounting: ""
        case .newline: "#012"
        case .nul: "#000"
        }
    }
}
