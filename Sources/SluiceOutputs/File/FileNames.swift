import SluiceEvent

/// The names that a file output gives besides the configured one: of rotated files and of files that are not complete yet.
///
/// Data may be part of a configured name and must not be able to take one of these: see ``disarmed(_:)``.
///
///     app.log-20260109T223320Z        rotated at that time (`name: time`), a second one in the same second ends with `.1`
///     app.log.1                       rotated last (`name: number`)
///     app.log-20260109T223320Z.gz     the ending of a compressed file stays the last
///     .app.log.OUTPUT.sluice-part     written by the output of that name and not complete (`atomic: true`)
struct FileNames: Sendable {
    /// How rotated files are told apart.
    enum Style: String, Sendable {
        case time, number
    }

    /// Where a rotated file stands among its kind; the smallest is the oldest.
    struct Rank: Comparable, Sendable {
        /// Seconds since 1970, 0 for numbered names.
        let seconds: Int64
        let number: Int

        static func < (a: Rank, b: Rank) -> Bool { (a.seconds, a.number) < (b.seconds, b.number) }
    }

    let style: Style
    let rotates: Bool
    let isAtomic: Bool
    private let partEnding: String

    init(output: String, style: Style, rotates: Bool, isAtomic: Bool) {
        self.style = style
        self.rotates = rotates
        self.isAtomic = isAtomic
        partEnding = ".\(output.utf8.contains(UInt8(ascii: "/")) ? "output" : output).sluice-part"
    }

    /// The name under which a file is written until it is complete.
    func part(of name: String) -> String { ".\(name)\(partEnding)" }

    /// The configured name behind a part's name; nil when it is none of this output.
    func whole(of part: String) -> String? {
        guard part.hasPrefix("."), part.hasSuffix(partEnding), part.utf8.count > partEnding.utf8.count + 1 else { return nil }
        return String(part.dropFirst().dropLast(partEnding.count))
    }

    /// The name of a file that was rotated at a time; `number` tells several of one second apart.
    func stamped(_ name: String, seconds: Int64, number: Int) -> String {
        let (base, ending) = Self.split(name)
        let time = CivilTime(seconds: seconds)
        let date = Self.digits(time.year, 4) + Self.digits(time.month, 2) + Self.digits(time.day, 2)
        let clock = Self.digits(time.hour, 2) + Self.digits(time.minute, 2) + Self.digits(time.second, 2)
        return "\(base)-\(date)T\(clock)Z\(number > 0 ? ".\(number)" : "")\(ending)"
    }

    /// The name of the file that was rotated so many rotations ago.
    func numbered(_ name: String, _ number: Int) -> String {
        let (base, ending) = Self.split(name)
        return "\(base).\(number)\(ending)"
    }

    /// Where a file stands among those that were rotated from `name`; nil when it is none of them.
    func rank(of other: String, rotatedFrom name: String) -> Rank? {
        let (base, ending) = Self.split(name)
        guard other.hasPrefix(base), other.hasSuffix(ending), other.utf8.count > base.utf8.count + ending.utf8.count else { return nil }
        return rank(mark: Array(other.utf8.dropFirst(base.utf8.count).dropLast(ending.utf8.count)))
    }

    /// A name made of data that looks like one of the output's own gets `_` in the place of what makes it so.
    func disarmed(_ name: String) -> String {
        if isAtomic, whole(of: name) != nil { return "_" + name.dropFirst() }
        guard rotates else { return name }
        let (base, ending) = Self.split(name)
        var bytes = Array(base.utf8)
        for index in bytes.indices.dropFirst() where rank(mark: Array(bytes[index...])) != nil {
            bytes[index] = UInt8(ascii: "_")
        }
        return String(decoding: bytes, as: UTF8.self) + ending
    }

    /// Reads `-20260109T223320Z.1` or `.1`.
    private func rank(mark: [UInt8]) -> Rank? {
        switch style {
        case .number:
            guard mark.first == UInt8(ascii: "."), let number = Self.number(mark[1...]), number > 0 else { return nil }
            return Rank(seconds: 0, number: -number)
        case .time:
            guard mark.count >= 17, mark[0] == UInt8(ascii: "-"), mark[9] == UInt8(ascii: "T"), mark[16] == UInt8(ascii: "Z"),
                let year = Self.number(mark[1..<5]), let month = Self.number(mark[5..<7]), let day = Self.number(mark[7..<9]),
                let hour = Self.number(mark[10..<12]), let minute = Self.number(mark[12..<14]), let second = Self.number(mark[14..<16])
            else { return nil }
            var number = 0
            if mark.count > 17 {
                guard mark[17] == UInt8(ascii: "."), let more = Self.number(mark[18...]), more > 0 else { return nil }
                number = more
            }
            let time = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
            return time.isValid ? Rank(seconds: time.seconds, number: number) : nil
        }
    }

    /// Cuts the ending of compressed files off.
    private static func split(_ name: String) -> (base: String, ending: String) {
        for ending in [".gz", ".zst"] where name.hasSuffix(ending) && name.utf8.count > ending.utf8.count {
            return (String(name.dropLast(ending.count)), ending)
        }
        return (name, "")
    }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard !digits.isEmpty, digits.count <= 9 else { return nil }
        var number = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            number = number * 10 + Int(digit - 0x30)
        }
        return number
    }
}
