import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceFraming

/// The checked options of `type: journal`.
package struct JournalSetting: Sendable {
    let decoding: DecodingSetting
    let program: String
    /// What every call of the program is told: which journal, and which of its entries.
    let selection: [String]
    /// Where reading begins that was not begun before.
    let startsAtEnd: Bool
    let since: String?
    let fields: JournalFields

    /// The declared options.
    static let options: [OptionSpec] = [
        OptionSpec(
            "directory", .text, "folder of journal files; by default the journal of this machine", example: "/var/log/journal/remote"),
        OptionSpec(
            "units", .texts, "only entries of these units, with `*` and `?` as in a shell", example: "[nginx.service, \"postgresql@*\"]"),
        OptionSpec(
            "matches", .texts, "only entries with such fields, `FIELD=VALUE`, as journalctl takes them; `+` between them means “or”",
            example: "[_TRANSPORT=kernel, +, PRIORITY=2]"),
        OptionSpec(
            "boot", .choice(["all", "current"]), default: "all", "entries of every start of the machine, or of this one", example: "current"
        ),
        OptionSpec(
            "start", .choice(["beginning", "end"]), default: "beginning",
            "where reading begins for the first time: with the oldest entry, or with those to come", example: "end"),
        OptionSpec(
            "since", .text, "with `start: beginning`: leave older entries out; times as journalctl takes them",
            example: "\"2026-10-01 00:00\""),
        OptionSpec(
            "fields", .texts, default: JournalFields.all,
            "fields of an entry beside the standard ones: `all` under their own names, `standard` for none, or a list of names",
            example: "[_SYSTEMD_UNIT, _UID]"),
        OptionSpec(
            "max_frame_size", .size(1024...64 << 20), default: "4MiB",
            "longest entry in journalctl's form; a longer one is cut, and what is left of it is its message", example: "16MiB"),
        OptionSpec("program", .text, default: "journalctl", "path of journalctl", example: "/usr/bin/journalctl"),
    ]

    /// The setting that checked options describe.
    init(_ values: OptionValues, _ setting: InputSetting) throws(ConfigError) {
        var texts = DecodingSetting.Texts()
        texts.format = "json"
        decoding = try DecodingSetting(
            texts, zone: .utc, framingOptions: FramingOptions(frameBytesMax: values.size("max_frame_size") ?? 4 << 20, oversize: .truncate))
        program = values.text("program") ?? "journalctl"
        startsAtEnd = values.text("start") == "end"
        since = values.text("since")
        if startsAtEnd, since != nil {
            throw ConfigError(.invalidValue, "`since` goes with `start: beginning`; leave one of them out", key: "since")
        }
        fields = try JournalFields(values.texts("fields"))
        var selection: [String] = []
        if let folder = values.text("directory") {
            selection.append("--directory=" + (folder.hasPrefix("/") ? folder : setting.folder + "/" + folder))
        }
        if values.text("boot") == "current" { selection.append("--boot") }
        selection += values.texts("units").map { "--unit=\($0)" }
        let matches = values.texts("matches")
        for match in matches where match != "+" { try Self.check(match) }
        self.selection = selection + (matches.isEmpty ? [] : ["--"] + matches)
    }

    private static func check(_ match: String) throws(ConfigError) {
        let name = match.prefix { $0 != "=" }
        let isName = !name.isEmpty && name.utf8.allSatisfy { 0x41...0x5A ~= $0 || 0x30...0x39 ~= $0 || $0 == 0x5F }
        guard isName, match.utf8.count > name.utf8.count else {
            throw ConfigError(
                .invalidValue, "`\(match)` is no match of the journal; write `FIELD=VALUE`, with the field's name in capitals, or `+`",
                key: "matches")
        }
    }
}

extension JournalSetting {
    /// Where a call begins to read.
    enum Start: Equatable {
        case beginning
        /// With the entry itself, so that it is seen whether it is still there.
        case at(String)
        /// Behind the entry, or where it would be.
        case after(String)
    }

    /// What the call is told that follows the journal.
    func following(from start: Start) -> [String] {
        let place: [String] =
            switch start {
            case .beginning: since.map { ["--since=\($0)"] } ?? []
            case .at(let cursor): ["--cursor=\(cursor)"]
            case .after(let cursor): ["--after-cursor=\(cursor)"]
            }
        return [program, "--output=json", "--all", "--follow", "--no-tail"] + fields.arguments + place + selection
    }

    /// What the call is told that asks for the newest entry's cursor.
    var askingForEnd: [String] { [program, "--output=export", "--output-fields=_BOOT_ID", "--lines=1"] + selection }

    /// What the position belongs to: with another one the entry at which reading had stopped need not be among those selected.
    var selectionText: String { selection.joined(separator: " ") }
}
