import SluiceConfig
import SluiceEvent

/// A folder `cases/<name>`: a log in `in.log` (or `in.ndjson`, `in.csv`) and what becomes of it, one file an output.
///
/// `case.yaml` may say what is not plain: rules, format, input, zone, clock of receipt.
package struct GoldenCase: Sendable {
    /// Path of the folder as it is shown.
    package let path: String
    /// The rules that run, in order, when `case.yaml` names none.
    package let rules: [RuleSource]

    /// A case.
    package init(path: String, rules: [RuleSource]) {
        self.path = path
        self.rules = rules
    }

    /// Name of the file of options.
    package static let optionsFile = "case.yaml"
    /// Name of the file that counts what went nowhere.
    static let summaryFile = "out.summary"
    /// Where events go that no rule routed, when there is no configuration.
    static let defaultOutput = "default"

    /// What `case.yaml` may hold.
    static let options: [OptionSpec] = [
        OptionSpec(
            "rules", .texts, "Rules in the order they run, as paths from the folder that holds `cases`.", example: "[route.lua]"),
        OptionSpec(
            "format", .text, "Format of the input; by default `json` for `in.ndjson`, `csv:header=true` for `in.csv`, else `auto`.",
            example: "combined"),
        OptionSpec("input", .text, default: "test", "Name of the input that rules see as `meta.input`.", example: "nginx"),
        OptionSpec("timezone", .text, "Zone of times that name none.", example: "Europe/Berlin"),
        OptionSpec(
            "received", .text, default: "2026-01-01T00:00:00Z", "Clock of receipt, for years that RFC 3164 leaves out.",
            example: "2026-10-09T22:33:20Z"),
    ]

    /// The folder that holds `cases`.
    var home: String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        return parts.isEmpty ? "." : parts == [""] ? "/" : parts.joined(separator: "/")
    }

    /// What one case says of itself.
    struct Setting {
        let rules: [RuleSource]
        let inputFile: String
        let format: OptionText
        let input: String
        let zone: Zone
        let received: Int64
    }

    /// Reads the folder.
    func setting(_ run: RuleTestSetting, files: [String]) throws(GoldenFault) -> Setting {
        let inputs = files.filter { $0.hasPrefix("in.") }
        guard inputs.count == 1, let input = inputs.first else {
            throw GoldenFault(
                inputs.isEmpty
                    ? "there is no input; put the log into `\(path)/in.log` (or `in.ndjson`, `in.csv`)"
                    : "there is more than one input: \(inputs.map { "`\($0)`" }.joined(separator: ", ")); a case has one")
        }
        let values = try values(files)
        let rules = try self.rules(named: values.texts("rules"))
        let format =
            values.text("format") ?? (input == "in.ndjson" || input == "in.json" ? "json" : input == "in.csv" ? "csv:header=true" : "auto")
        var zone = run.zone
        if let name = values.text("timezone") {
            do throws(ZoneError) { zone = try Zone(named: name) } catch {
                throw GoldenFault("unknown zone `\(name)` in `\(path)/\(Self.optionsFile)`")
            }
        }
        let received = values.text("received") ?? ""
        guard
            let time = Array(received.utf8).withUnsafeBufferPointer({ text in
                text.baseAddress.flatMap { TimestampText.parseRFC3339($0, text.count)?.ns }
            })
        else {
            throw GoldenFault("`\(received)` is no value for `received` in `\(path)/\(Self.optionsFile)`; it takes RFC 3339")
        }
        return Setting(
            rules: rules, inputFile: input, format: OptionText(format), input: values.text("input") ?? "test", zone: zone,
            received: time)
    }

    private func values(_ files: [String]) throws(GoldenFault) -> OptionValues {
        let file = path + "/" + Self.optionsFile
        let bytes = files.contains(Self.optionsFile) ? RuleFile.bytes(of: file) ?? [] : []
        let reading = ConfigReading(folder: path)
        let component = "`\(Self.optionsFile)`"
        guard let node = YAMLReader.node(of: bytes, path: file, secretKeys: [], in: reading) else {
            throw GoldenFault(reading.finish().map { $0.rendered() }.joined(separator: "\n"))
        }
        let values = OptionValues(node, of: Self.options, component: component, in: reading)
        if reading.isRefused { throw GoldenFault(reading.finish().map { $0.rendered() }.joined(separator: "\n")) }
        return values
    }

    private func rules(named names: [String]) throws(GoldenFault) -> [RuleSource] {
        guard !names.isEmpty else {
            if rules.isEmpty {
                throw GoldenFault(
                    "it is not clear which rules to run; say so in `\(path)/\(Self.optionsFile)`: `rules: [route.lua]`, or give the configuration with `-c`"
                )
            }
            return rules
        }
        var chosen: [RuleSource] = []
        for name in names {
            let file = home == "." ? name : home + "/" + name
            guard let text = RuleFile.bytes(of: file) else {
                throw GoldenFault("cannot read the rule `\(file)` that `\(path)/\(Self.optionsFile)` names")
            }
            let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
            // A rule that is known keeps what is known of it, such as its API.
            chosen.append(rules.first { $0.path == file } ?? RuleSource(name: file, folder: folder, text: text))
        }
        return chosen
    }
}

/// Why a case cannot be run.
struct GoldenFault: Error {
    let message: String

    init(_ message: String) { self.message = message }
}
