import SluiceConfig
import SluiceEngine
import SluiceEvent
import SluiceStore

/// Dead letters as programs and people read them.
enum DeadLetterText {
    /// One JSON object, line end included. The first eight keys are those that `filter` writes too.
    static func json(_ letter: DeadLetter) -> String {
        var members = [
            ("id", String(letter.id)), ("time", JSONText.literal(time(letter.time))), ("rule", JSONText.literal(letter.rule)),
            ("line", JSONText.number(letter.line)), ("error", JSONText.literal(letter.error)), ("generation", String(letter.generation)),
            ("event", String(decoding: letter.event, as: UTF8.self)),
        ]
        if let raw = letter.raw {
            if let text = String(validating: raw, as: UTF8.self) {
                members.append(("raw", JSONText.literal(text)))
            } else {
                members.append(("raw_b64", "\"\(raw.withUnsafeBytes { DeadLetterWriter.base64($0) })\""))
            }
        } else {
            members.append(("raw", "null"))
        }
        members += [("input", JSONText.literal(letter.input)), ("output", JSONText.literal(letter.output))]
        if !letter.traceback.isEmpty { members.append(("traceback", JSONText.array(letter.traceback.map { JSONText.literal($0) }))) }
        return JSONText.object(members) + "\n"
    }

    /// One line: id, time, who failed, why.
    static func line(_ letter: DeadLetter) -> String {
        let id = String(letter.id)
        let padding = String(repeating: " ", count: max(0, 6 - id.utf8.count))
        let reason = letter.error.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? ""
        return "\(padding)\(id)  \(time(letter.time))  \(Terminal.escaped(culprit(letter))): \(Terminal.escaped(reason))\n"
    }

    /// Everything, a name and a value a line.
    static func block(_ letter: DeadLetter, sources: RuleSources) -> String {
        var lines = [
            ("id", String(letter.id)), ("time", time(letter.time)), ("input", letter.input), ("failed", culprit(letter)),
            ("generation", String(letter.generation)), ("error", letter.error),
        ].filter { !$0.1.isEmpty }.map { name, value in entry(name, value) }
        if let rule = letter.rule, let number = letter.line, let source = sources.line(number, of: rule) {
            lines.append(entry("line", " \(number) | \(source)"))
        }
        for level in letter.traceback { lines.append(entry("traceback", level)) }
        if !letter.also.isEmpty { lines.append(entry("also", letter.also.joined(separator: ", "))) }
        lines.append(entry("event", String(decoding: letter.event, as: UTF8.self)))
        if let raw = letter.raw { lines.append(entry("raw", String(decoding: raw, as: UTF8.self))) }
        return lines.joined()
    }

    private static func entry(_ name: String, _ value: String) -> String {
        let lines = value.split(separator: "\n", omittingEmptySubsequences: false).map { Terminal.escaped(String($0)) }
        let indent = String(repeating: " ", count: 12)
        return name + indent.dropFirst(name.utf8.count) + lines.joined(separator: "\n" + indent) + "\n"
    }

    private static func culprit(_ letter: DeadLetter) -> String {
        if let rule = letter.rule { return rule + (letter.line.map { ":\($0)" } ?? "") }
        return letter.output.map { "output `\($0)`" } ?? "input `\(letter.input)`"
    }

    private static func time(_ nanoseconds: Int64) -> String { TimestampText.text(ns: nanoseconds, digits: 3) }
}

/// The rules' files as they are now, for the lines that letters name.
struct RuleSources {
    private let paths: [String: String]

    /// Files by the names of rules.
    init(_ paths: [String: String]) { self.paths = paths }

    /// Bytes of a rule's file.
    private static let bytesMax = 4 << 20

    /// A line of a rule, counted from 1; nil when there is none any more.
    func line(_ number: Int, of rule: String) -> String? {
        guard let path = paths[rule], let bytes = try? SmallFile.read(path, bytesMax: Self.bytesMax) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.indices.contains(number - 1) ? String(lines[number - 1]) : nil
    }
}
