/// Numbers, sizes and lengths of time as people read them, and names from outside as a terminal may have them.
enum HumanText {
    /// `1,234,567`.
    static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// `512 B`, `1.5 KiB`, `20 MiB`: cut and not rounded.
    static func bytes(_ number: Int) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var unit = 0
        var scale = 1
        while unit < units.count - 1, number / scale >= 1024 {
            unit += 1
            scale *= 1024
        }
        let whole = number / scale
        if unit == 0 || whole >= 100 { return "\(whole) \(units[unit])" }
        return "\(whole).\((number % scale) * 10 / scale) \(units[unit])"
    }

    /// The two largest units: `420 ms`, `12 s`, `3 min 20 s`, `2 h 13 min`, `8 d 2 h`.
    static func duration(_ nanoseconds: Int64) -> String {
        let milliseconds = max(0, nanoseconds) / 1_000_000
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let units: [(name: String, seconds: Int64)] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)]
        let seconds = milliseconds / 1000
        guard let largest = units.firstIndex(where: { seconds >= $0.seconds }) else { return "0 s" }
        var text = "\(seconds / units[largest].seconds) \(units[largest].name)"
        if largest + 1 < units.count {
            let rest = seconds % units[largest].seconds / units[largest + 1].seconds
            if rest > 0 { text += " \(rest) \(units[largest + 1].name)" }
        }
        return text
    }

    /// `1 rule`, `2 rules`.
    static func plural(_ number: Int, _ noun: String) -> String { "\(count(number)) \(noun)\(number == 1 ? "" : "s")" }

    /// Text with control characters but tabs shown and not sent, so that no name or message can steer a terminal.
    static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.count < 2 ? "0" : "") + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The first line of a text, escaped.
    static func firstLine(_ text: String) -> String { escaped(String(text.prefix { $0 != "\n" })) }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 && scalar != "\t" || (0x7F...0x9F).contains(scalar.value)
    }
}
