import CSluice

/// A set of kinds of values that a parameter takes.
package struct HostKind: OptionSet, Sendable {
    /// One bit a kind.
    package let rawValue: UInt16

    /// A set from its bits.
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Bytes; numbers are taken as their text, as everywhere in Lua.
    package static let string = HostKind(rawValue: 1 << 0)
    /// 64-bit integer; floats without fraction are taken.
    package static let integer = HostKind(rawValue: 1 << 1)
    /// Integer or float.
    package static let number = HostKind(rawValue: 1 << 2 | 1 << 1)
    /// `true` or `false`.
    package static let boolean = HostKind(rawValue: 1 << 3)
    /// Lua table or nested part of an event, as JSON text.
    package static let table = HostKind(rawValue: 1 << 4)
    /// Timestamp value.
    package static let timestamp = HostKind(rawValue: 1 << 5)
    /// The `null` of events.
    package static let null = HostKind(rawValue: 1 << 6)
    /// Something that has no value on this side, such as a function.
    package static let other = HostKind(rawValue: 1 << 7)
    /// nil or not given.
    package static let nothing: HostKind = []
    /// Text such as `60s`, or seconds.
    package static let duration: HostKind = [.string, .number]
    /// Everything.
    package static let any: HostKind = [.string, .number, .boolean, .table, .timestamp, .null, .other]

    /// Kind of an `sl_value`'s type.
    @inline(__always) package init(valueType: UInt8) {
        switch Int(valueType) {
        case Int(SL_VALUE_STRING): self = .string
        case Int(SL_VALUE_INTEGER): self = .integer
        case Int(SL_VALUE_FLOAT): self = HostKind(rawValue: 1 << 2)
        case Int(SL_VALUE_TRUE), Int(SL_VALUE_FALSE): self = .boolean
        case Int(SL_VALUE_JSON): self = .table
        case Int(SL_VALUE_TIMESTAMP): self = .timestamp
        case Int(SL_VALUE_NULL): self = .null
        case Int(SL_VALUE_OTHER): self = .other
        default: self = .nothing
        }
    }

    /// Name of a single kind as Lua's messages call it.
    package var luaName: String {
        switch self {
        case .string: "string"
        case .integer, .number, HostKind(rawValue: 1 << 2): "number"
        case .boolean: "boolean"
        case .table: "table"
        case .timestamp: "timestamp"
        case .null: "null"
        case .nothing: "nil"
        default: "another kind of value"
        }
    }

    /// What a message says was expected: `string`, `string or table`.
    package var expectation: String {
        if self == .integer { return "integer" }
        let single: [HostKind] = [.string, .number, .boolean, .table, .timestamp, .null]
        return single.filter { isSuperset(of: $0) }.map(\.luaName).joined(separator: " or ")
    }
}
