/// A time format in the manner of strftime, compiled once: prints and parses.
///
/// Codes: `%Y %y %C %m %d %e %H %I %k %l %M %S %j %a %A %b %B %h %p %P %s %z %:z %Z %u %w %G %g %V %U %W %F %T %R %D %r %c
/// %n %t %%`, for fractions of a second `%f` (6 digits), `%L` (3), `%N` (9) and `%1N`…`%9N`. `%-d` leaves leading zeros out,
/// `%_d` writes blanks for them. Names are English whatever the locale. `%Z` prints `UTC` or the offset, since a timestamp
/// keeps its offset and not the name of its zone.
package struct TimeFormat: Sendable, Equatable {
    /// One step of a compiled format; literal bytes are one step each, so that steps are plain numbers.
    struct Step: Equatable, Sendable {
        var code: Code
        /// How leading zeros are written: `zero`, `none` or `blank`.
        var padding: Padding = .zero
        /// The byte of a literal, the digits of a fraction.
        var value: UInt8 = 0
    }

    enum Padding: UInt8, Sendable { case zero, none, blank }

    enum Code: UInt8, Sendable {
        case literal, year, yearOfCentury, century, month, day, hour, hour12, minute, second, yearDay
        case weekdayShort, weekdayLong, monthShort, monthLong, halfDay, halfDayLower, unixSeconds, offset, offsetColon
        case zoneName, weekdayFromMonday, weekdayFromSunday, isoYear, isoYearOfCentury, isoWeek, weekFromSunday
        case weekFromMonday, fraction
    }

    /// The format as given.
    package let text: String
    /// Bytes that printing writes at most.
    package let bytesMax: Int
    let steps: [Step]

    /// Compiles a format; the error names the code that is not known and its position.
    package init(_ text: String) throws(TimeFormatError) {
        self.text = text
        steps = try Self.compile(Array(text.utf8))
        bytesMax = steps.reduce(0) { $0 + Self.bytesMax(of: $1.code) }
    }

    private static func bytesMax(of code: Code) -> Int {
        switch code {
        case .literal: 1
        case .unixSeconds, .year, .isoYear, .century: 20
        default: 10
        }
    }

    private static func compile(_ bytes: [UInt8]) throws(TimeFormatError) -> [Step] {
        var steps: [Step] = []
        var at = 0
        while at < bytes.count {
            guard bytes[at] == UInt8(ascii: "%") else {
                steps.append(Step(code: .literal, value: bytes[at]))
                at += 1
                continue
            }
            let start = at
            at += 1
            var padding = Padding.zero
            if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "_") {
                padding = bytes[at] == UInt8(ascii: "-") ? .none : .blank
                at += 1
            }
            var width: UInt8 = 0
            if at < bytes.count, bytes[at] >= 0x31, bytes[at] <= 0x39 {
                width = bytes[at] - 0x30
                at += 1
            }
            let hasColon = at < bytes.count && bytes[at] == UInt8(ascii: ":")
            if hasColon { at += 1 }
            guard at < bytes.count, let expansion = expand(bytes[at], padding, width, hasColon) else {
                let code = String(decoding: bytes[start..<min(at + 1, bytes.count)], as: UTF8.self)
                throw TimeFormatError(code: code, position: start)
            }
            steps += expansion
            at += 1
        }
        return steps
    }

    /// The steps of one code, nil when there is no such code.
    private static func expand(_ byte: UInt8, _ padding: Padding, _ width: UInt8, _ hasColon: Bool) -> [Step]? {
        let letter = Character(UnicodeScalar(byte))
        if hasColon { return letter == "z" && width == 0 ? [Step(code: .offsetColon)] : nil }
        if letter == "N" { return [Step(code: .fraction, value: width == 0 ? 9 : width)] }
        if width != 0 { return nil }
        if let code = codes[letter] {
            let isBlank = padding == .zero && (letter == "k" || letter == "l" || letter == "e")
            return [Step(code: code, padding: isBlank ? .blank : padding)]
        }
        if let composite = composites[letter] {
            // The composites are made of known codes only.
            return try? compile(Array(composite.utf8))
        }
        switch letter {
        case "f": return [Step(code: .fraction, value: 6)]
        case "L": return [Step(code: .fraction, value: 3)]
        case "n": return [Step(code: .literal, value: 0x0A)]
        case "t": return [Step(code: .literal, value: 0x09)]
        case "%": return [Step(code: .literal, value: 0x25)]
        default: return nil
        }
    }

    private static let codes: [Character: Code] = [
        "Y": .year, "y": .yearOfCentury, "C": .century, "m": .month, "d": .day, "e": .day, "H": .hour, "k": .hour,
        "I": .hour12, "l": .hour12, "M": .minute, "S": .second, "j": .yearDay, "a": .weekdayShort, "A": .weekdayLong,
        "b": .monthShort, "h": .monthShort, "B": .monthLong, "p": .halfDay, "P": .halfDayLower, "s": .unixSeconds,
        "z": .offset, "Z": .zoneName, "u": .weekdayFromMonday, "w": .weekdayFromSunday, "G": .isoYear,
        "g": .isoYearOfCentury, "V": .isoWeek, "U": .weekFromSunday, "W": .weekFromMonday,
    ]

    private static let composites: [Character: String] = [
        "F": "%Y-%m-%d", "T": "%H:%M:%S", "X": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "x": "%m/%d/%y",
        "r": "%I:%M:%S %p", "c": "%a %b %e %H:%M:%S %Y",
    ]
}

/// A code in a time format that is not known.
package struct TimeFormatError: Error, Equatable, Sendable {
    /// The code as written.
    package let code: String
    /// Offset of its `%` in bytes.
    package let position: Int

    /// A sentence for the user.
    package var message: String {
        "unknown code `\(code)` in a time format; write `%%` for a percent sign, or one of `%Y %m %d %H %M %S %b %z %s %3N`"
    }
}
