import Foundation
import Testing

/// One line of a conformance file: an input and what a correct reader makes of it.
///
/// `@unchecked`: the JSON values in it are never changed.
struct ConformanceCase: CustomTestStringConvertible, @unchecked Sendable {
    let id: String
    let format: String
    let isStrict: Bool
    /// One frame, or the reads, lines or parts of a sequence.
    let inputs: [[UInt8]]
    let options: [String: Any]
    /// Clock in nanoseconds since 1970, and local zone.
    let now: Int64
    let zone: String
    /// Fields by name; `NSNull` is “absent”.
    let expected: [String: Any]?
    let alternatives: [[String: Any]]
    let mustFail: Bool
    let isStrictOnly: Bool
    let mayDrop: Bool

    var testDescription: String { id }

    /// All cases of a file of `Conformance/` or `Cases/`.
    static func load(_ name: String, folder: String = "Conformance") throws -> [ConformanceCase] {
        let url = Bundle.module.bundleURL.appendingPathComponent("\(folder)/\(name).jsonl")
        let text = try String(contentsOf: url, encoding: .utf8)
        return try text.split(separator: "\n", omittingEmptySubsequences: true).map {
            let object = try JSONSerialization.jsonObject(with: Data($0.utf8))
            guard let object = object as? [String: Any] else { throw CocoaError(.fileReadCorruptFile) }
            return ConformanceCase(object)
        }
    }

    private init(_ object: [String: Any]) {
        id = object["id"] as? String ?? "?"
        format = object["format"] as? String ?? "?"
        isStrict = object["mode"] as? String == "strict"
        if let list = object["inputs"] as? [Any] {
            inputs = list.map { Self.bytes($0) }
        } else {
            inputs = [Self.bytes(object["input"] ?? ["b64": object["input_b64"] ?? ""])]
        }
        options = object["options"] as? [String: Any] ?? [:]
        now = (object["now"] as? String).flatMap(Instant.init)?.nanoseconds ?? 1_795_132_800_000_000_000
        zone = object["tz"] as? String ?? "UTC"
        expected = object["expect"] as? [String: Any]
        alternatives = object["expect_alt"] as? [[String: Any]] ?? []
        mustFail = object["expect_error"] as? Bool ?? false
        isStrictOnly = object["strict_only"] as? Bool ?? false
        mayDrop = object["may_drop"] as? Bool ?? false
    }

    /// Bytes of text, or of `{"b64": …}`.
    static func bytes(_ value: Any) -> [UInt8] {
        if let text = value as? String { return Array(text.utf8) }
        let encoded = (value as? [String: Any])?["b64"] as? String ?? ""
        return Data(base64Encoded: encoded).map(Array.init) ?? []
    }
}

/// An RFC 3339 time as seconds and microseconds, for every year.
struct Instant: Equatable {
    let seconds: Int64
    let microseconds: Int64

    var nanoseconds: Int64 { seconds * 1_000_000_000 + microseconds * 1_000 }

    init(nanoseconds: Int64) {
        let whole = nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : (nanoseconds - 999_999_999) / 1_000_000_000
        seconds = whole
        microseconds = (nanoseconds - whole * 1_000_000_000) / 1_000
    }

    init?(_ text: String) {
        let parts = text.split(maxSplits: 1, whereSeparator: { $0 == "." })
        let formatter = ISO8601DateFormatter()
        var whole = text
        var fraction = "0"
        if parts.count == 2 {
            fraction = String(parts[1].prefix { $0.isNumber })
            whole = String(parts[0] + parts[1].dropFirst(fraction.count))
        }
        guard let date = formatter.date(from: whole.uppercased()) else { return nil }
        seconds = Int64(date.timeIntervalSince1970.rounded())
        microseconds = Int64((fraction + "000000").prefix(6)) ?? 0
    }
}
