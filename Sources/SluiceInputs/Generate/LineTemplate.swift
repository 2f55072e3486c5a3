import SluiceConfig
import SluiceEvent

/// A line with values in it: `{time} {host} login of {user}`. Braces around anything but a lower-case word are text.
struct LineTemplate: Equatable, Sendable {
    /// What a word in braces becomes.
    enum Value: String, CaseIterable, Sendable {
        /// The line's number, from 0.
        case number
        /// RFC 3339, UTC.
        case time
        /// As in access logs, UTC.
        case accessTime = "access_time"
        case host, program, user, word, level, ip
        /// 1...65535.
        case pid
        /// 0...191.
        case pri
        /// An HTTP status.
        case status
    }

    private enum Piece: Equatable, Sendable {
        case text([UInt8])
        case value(Value)
    }

    /// The words that become values.
    static let names = Value.allCases.map(\.rawValue)

    private static let words = ["accepted", "cache", "connection", "failed", "index", "order", "refused", "session", "timeout", "update"]
    private static let programs = ["cron", "kernel", "nginx", "postfix", "sshd", "sudo"]
    private static let users = ["anna", "ben", "carla", "deploy", "root"]
    private static let levels = ["debug", "info", "info", "info", "warning", "error"]
    private static let statuses = ["200", "200", "200", "301", "404", "500"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private var pieces: [Piece] = []

    /// Cuts a text into pieces.
    init(_ text: String) throws(ConfigError) {
        var plain: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let name = rest.prefix { $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
            guard byte == UInt8(ascii: "{"), !name.isEmpty, name.endIndex < rest.endIndex, rest[name.endIndex] == UInt8(ascii: "}")
            else {
                plain.append(byte)
                continue
            }
            let word = String(decoding: name, as: UTF8.self)
            guard let value = Value(rawValue: word) else {
                throw ConfigError(.unknownName, OptionValues.unknown(word, in: Self.names, what: "value", of: "`lines`"))
            }
            if !plain.isEmpty { pieces.append(.text(plain)) }
            plain = []
            pieces.append(.value(value))
            rest = rest[(name.endIndex + 1)...]
        }
        if !plain.isEmpty { pieces.append(.text(plain)) }
    }

    /// Appends line `number` of a seed at a time (nanoseconds since 1970 UTC).
    func append(number: Int, seed: UInt64, now: Int64, to bytes: inout [UInt8]) {
        var random = Mixer(state: seed &* 0xD134_2543_DE82_EF95 &+ UInt64(number))
        for piece in pieces {
            switch piece {
            case .text(let text): bytes += text
            case .value(let value): append(value, number, now, &random, &bytes)
            }
        }
    }

    private func append(_ value: Value, _ number: Int, _ now: Int64, _ random: inout Mixer, _ bytes: inout [UInt8]) {
        switch value {
        case .number: bytes += String(number).utf8
        case .time: Self.appendTime(now, &bytes)
        case .accessTime: Self.appendAccessTime(now, &bytes)
        case .host: bytes += "web-\(random.below(40)).example.net".utf8
        case .program: bytes += random.pick(Self.programs).utf8
        case .user: bytes += random.pick(Self.users).utf8
        case .word: bytes += random.pick(Self.words).utf8
        case .level: bytes += random.pick(Self.levels).utf8
        case .status: bytes += random.pick(Self.statuses).utf8
        // A block that is set aside for documentation.
        case .ip: bytes += "198.51.100.\(random.below(256))".utf8
        case .pid: bytes += String(1 + random.below(65_535)).utf8
        case .pri: bytes += String(random.below(192)).utf8
        }
    }

    private static func appendTime(_ ns: Int64, _ bytes: inout [UInt8]) {
        let detail = UInt32(6)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: TimestampText.bytesMax) { room in
            guard let start = room.baseAddress else { return }
            let count = TimestampText.print(ns: ns, detail: detail, to: start)
            bytes += room[..<count]
        }
    }

    private static func appendAccessTime(_ ns: Int64, _ bytes: inout [UInt8]) {
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
        let time = CivilTime(seconds: ns / 1_000_000_000)
        let date = "\(two(time.day))/\(months[time.month - 1])/\(time.year)"
        bytes += "\(date):\(two(time.hour)):\(two(time.minute)):\(two(time.second)) +0000".utf8
    }
}

/// Numbers that look random and depend on where they began alone (SplitMix64).
private struct Mixer {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((value ^ (value >> 31)) % UInt64(bound))
    }

    mutating func pick(_ words: [String]) -> String { words[below(words.count)] }
}
