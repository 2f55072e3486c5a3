import CSluice
import Foundation

/// Compares a decoded event with the fields that a case expects, by the rules of the conformance suite.
struct ConformanceComparison {
    /// Time of receipt: a case that expects no time takes this as well.
    let now: Int64

    /// Names under which the event keeps what the cases call differently.
    var names: [String: String] = [:]

    /// What differs, nil when all expected fields are as they should be.
    func difference(_ event: DecodedEvent, _ expected: [String: Any]) -> String? {
        for (key, wanted) in expected.sorted(by: { $0.key < $1.key }) {
            if key == "no_crash" { continue }
            if key == "flags" {
                if event.flagNames != wanted as? [String] { return "flags are \(event.flagNames) and not \(wanted)" }
                continue
            }
            let isEncoded = key.hasSuffix("_b64")
            let field = isEncoded ? String(key.dropLast(4)) : key
            let value = event[names[field] ?? field]
            let isEqual =
                switch field {
                case "timestamp", "time": isEqualTime(value, wanted)
                case "message" where !isEncoded: isEqualMessage(value, wanted)
                case "structured_data": isEqualData(value, wanted)
                default: isEncoded ? isEqualBytes(value, ConformanceCase.bytes(["b64": wanted])) : isEqualValue(value, wanted)
                }
            if !isEqual { return "`\(field)` is \(Self.show(value)) and not \(wanted)" }
        }
        return nil
    }

    /// The value for people.
    static func show(_ value: DecodedEvent.Value?) -> String {
        switch value {
        case nil: "absent"
        case .bytes(let bytes), .escaped(let bytes): String(decoding: bytes, as: UTF8.self).debugDescription
        case .some(let other): "\(other)"
        }
    }

    private func isEqualTime(_ value: DecodedEvent.Value?, _ wanted: Any) -> Bool {
        let found: Instant?
        switch value {
        case .time(let ns, _): found = Instant(nanoseconds: ns)
        case .bytes(let text), .escaped(let text): found = Instant(String(decoding: text, as: UTF8.self))
        default: found = nil
        }
        if wanted is NSNull { return value == nil || found == Instant(nanoseconds: now) }
        return found != nil && found == (wanted as? String).flatMap(Instant.init)
    }

    private func isEqualMessage(_ value: DecodedEvent.Value?, _ wanted: Any) -> Bool {
        let isEmpty = wanted is NSNull || wanted as? String == ""
        return isEmpty ? value == nil || value == .bytes([]) : isEqualValue(value, wanted)
    }

    private func isEqualBytes(_ value: DecodedEvent.Value?, _ wanted: [UInt8]) -> Bool {
        switch value {
        case .bytes(let bytes): bytes == wanted
        case .escaped: value.flatMap(Self.text).map { Array($0.utf8) == wanted } ?? false
        default: false
        }
    }

    /// `{}` and absent are the same; a list stands for a repeated name.
    private func isEqualData(_ value: DecodedEvent.Value?, _ wanted: Any) -> Bool {
        let elements = wanted as? [String: Any] ?? [:]
        guard let value else { return elements.isEmpty }
        guard case .json(let text) = value,
            let found = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [String: Any]],
            found.count == elements.count
        else { return false }
        return elements.allSatisfy { id, parameters in
            guard let parameters = parameters as? [String: Any], let own = found[id], own.count == parameters.count else {
                return false
            }
            return parameters.allSatisfy { name, wanted in
                guard let value = own[name] else { return false }
                if let list = wanted as? [String] {
                    return value as? [String] == list || (value as? String).map { $0 == list.first || $0 == list.last } == true
                }
                return value as? String == wanted as? String
            }
        }
    }

    /// Any other field: text, number, truth value or JSON.
    func isEqualValue(_ value: DecodedEvent.Value?, _ wanted: Any) -> Bool {
        if wanted is NSNull { return value == nil || value == .null }
        switch value {
        case nil, .null: return false
        case .boolean(let flag): return wanted as? Bool == flag
        case .integer(let number): return (wanted as? NSNumber)?.int64Value == number && !(wanted is String)
        case .number(let number): return (wanted as? NSNumber)?.doubleValue == number
        case .bytes(let bytes):
            guard let wanted = wanted as? String else { return false }
            return bytes == Array(wanted.utf8)
        case .escaped: return value.flatMap(Self.text) == wanted as? String
        case .time(let ns, _): return (wanted as? String).flatMap(Instant.init) == Instant(nanoseconds: ns)
        case .json(let text):
            let found = try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
            return found.map { Self.isSame($0, wanted) } ?? false
        }
    }

    /// Whether two JSON values are the same; `1.0` equals `1`.
    private static func isSame(_ one: Any, _ other: Any) -> Bool {
        switch (one, other) {
        case (let one as [Any], let other as [Any]):
            return one.count == other.count && zip(one, other).allSatisfy { isSame($0, $1) }
        case (let one as [String: Any], let other as [String: Any]):
            return one.count == other.count && one.allSatisfy { name, value in other[name].map { isSame(value, $0) } ?? false }
        case (let one as String, let other as String): return one == other
        case (is NSNull, is NSNull): return true
        case (let one as NSNumber, let other as NSNumber): return one == other || one.doubleValue == other.doubleValue
        default: return false
        }
    }

    /// The text of a string with JSON escapes.
    private static func text(_ value: DecodedEvent.Value) -> String? {
        guard case .escaped(var inside) = value else { return nil }
        let length = sl_json_unescape(&inside, inside, inside.count)
        return String(decoding: inside.prefix(length), as: UTF8.self)
    }
}
