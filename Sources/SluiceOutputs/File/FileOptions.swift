import Glibc
import SluiceConfig
import SluiceEncoding
import SluiceEvent

/// The options of a file output and what they come to.
enum FileOptions {
    /// As they stand in the reference.
    static let all: [OptionSpec] = [
        OptionSpec(
            "path", .text,
            "the file; `{field}` and `%Y-%m-%d` (the event's time) may stand in it, relative paths begin at the configuration's folder",
            example: "archive/%Y-%m-%d/{hostname}.ndjson", isRequired: true),
        OptionSpec("timezone", .text, "zone of the times in `path` and of rotation, UTC unless given", example: "Europe/Berlin"),
        OptionSpec("create_folders", .boolean, default: "true", "makes missing folders of `path`", example: "false"),
        OptionSpec("mode", .text, default: "0640", "permissions of new files, in octal", example: "\"0644\""),
        OptionSpec(
            "folder_mode", .text, default: "0750", "permissions of new folders, in octal, less the umask", example: "\"0755\""),
        OptionSpec("owner", .text, "user that new files belong to, by name or number; needs root", example: "syslog"),
        OptionSpec("group", .text, "group that new files belong to, by name or number", example: "adm"),
        OptionSpec(
            "max_open_files", .integer(1...65_536), default: "256", "files kept open; beyond, the one used longest ago is closed",
            example: "1024"),
        OptionSpec(
            "idle_close", .duration(1_000_000_000...86_400_000_000_000 * 365), default: "5m",
            "closes a file that got no event for so long", example: "30s"),
        OptionSpec(
            "compression", .choice(["none", "gzip", "zstd"]), default: "none",
            "how files are compressed; their names are as `path` says, so end it with `.gz` or `.zst`", example: "gzip"),
        OptionSpec(
            "level", .integer(1...19), "how hard compression tries: 1 to 9 for gzip (default 6), 1 to 19 for zstd (default 3)",
            example: "9"),
        OptionSpec(
            "compression_flush", .duration(1_000_000...86_400_000_000_000), default: "10s",
            "finishes the compressed data when no event came for so long, so that the file passes `gzip -t`", example: "1m"),
        OptionSpec(
            "sync", .choice(["never", "interval", "batch"]), default: "never",
            "when written data is forced onto the disk: by the system, every `sync_interval`, or before events count as delivered",
            example: "batch"),
        OptionSpec(
            "sync_interval", .duration(1_000_000...3_600_000_000_000), default: "1s",
            "time between two forced writes with `sync: interval`",
            example: "5s"),
        OptionSpec(
            "atomic", .boolean, default: "false",
            "a file gets its name only when it is complete (rotation, `idle_close`, end) and is hidden until then; when the name is taken, it gets a time stamp",
            example: "true"),
        OptionSpec("rotate", .group(rotation), "puts files away and deletes old ones", example: "{ interval: 1d, keep: 14 }"),
    ]

    /// The options in `rotate`.
    static let rotation: [OptionSpec] = [
        OptionSpec(
            "max_size", .size(1...1 << 50), "rotates a file that has so many bytes on the disk", example: "100MiB"),
        OptionSpec(
            "interval", .duration(1_000_000_000...86_400_000_000_000 * 366),
            "rotates at the end of each such period, counted from midnight in `timezone`", example: "1d"),
        OptionSpec("keep", .integer(1...100_000), "rotated files that stay; all unless given", example: "14"),
        OptionSpec(
            "max_age", .duration(1_000_000_000...86_400_000_000_000 * 36_500), "deletes rotated files that are older", example: "30d"),
        OptionSpec(
            "name", .choice(["time", "number"]), default: "time",
            "names of rotated files: `app.log-20260109T223320Z`, or `app.log.1` for the newest; `.gz` and `.zst` stay at the end",
            example: "number"),
    ]

    /// What a configuration comes to.
    struct Checked {
        let settings: FileSettings
        /// nil for a fixed path.
        let path: PathTemplate?
        let claims: [String]
    }

    /// Checks the options against each other.
    static func check(_ values: OptionValues, _ setting: OutputSetting) throws(ConfigError) -> Checked {
        let text = values.text("path") ?? ""
        let zone = try zone(values) ?? setting.zone
        let template = try template(text, zone, setting)
        let literal = template.isLiteral ? template.literalPrefix : nil
        let root = FileRoot(folder: setting.folder, prefix: template.literalPrefix, isTemplated: literal == nil)
        let claims = ["file `\(literal.map { $0.hasPrefix("/") ? $0 : "\(setting.folder)/\($0)" } ?? root.path + "|" + text)`"]
        let isAtomic = values.boolean("atomic")
        let rotation = try rotation(values, zone: zone)
        let style: FileNames.Style = values.group("rotate").text("name") == "number" ? .number : .time
        if isAtomic, style == .number {
            throw ConfigError(
                .invalidValue, "`atomic` and `rotate: { name: number }` do not go together; leave `name` at `time`", key: "rotate.name")
        }
        let sync: FileSettings.SyncPolicy =
            switch values.text("sync") {
            case "batch": .batch
            case "interval": .interval(values.duration("sync_interval") ?? 1_000_000_000)
            default: .never
            }
        let settings = FileSettings(
            literal: literal, root: root, createsFolders: values.boolean("create_folders"), mode: try mode(values, "mode"),
            folderMode: try mode(values, "folder_mode"), user: try Account.user(values.text("owner")),
            group: try Account.group(values.text("group")), maxOpenFiles: values.integer("max_open_files") ?? 256,
            idleCloseNs: values.duration("idle_close") ?? 300_000_000_000, sync: sync, compression: try CompressionChoice.of(values),
            compressionFlushNs: values.duration("compression_flush") ?? 10_000_000_000, isAtomic: isAtomic, rotation: rotation,
            header: setting.header,
            names: FileNames(output: setting.name, style: style, rotates: rotation != nil || isAtomic, isAtomic: isAtomic))
        return Checked(settings: settings, path: template.isLiteral ? nil : template, claims: claims)
    }

    private static func template(_ text: String, _ zone: Zone?, _ setting: OutputSetting) throws(ConfigError) -> PathTemplate {
        if text.isEmpty {
            throw ConfigError(.invalidValue, "`path` of output `\(setting.name)` is empty; write a file's name", key: "path")
        }
        let template: PathTemplate
        do {
            template = try PathTemplate(text, zone: zone, inputs: setting.inputs)
        } catch {
            throw ConfigError(.invalidValue, "`path` of output `\(setting.name)`: \(error.message)", key: "path")
        }
        if text.utf8.last == UInt8(ascii: "/") {
            throw ConfigError(
                .invalidValue, "`path` of output `\(setting.name)` ends with `/` and names no file; write the file's name behind it",
                key: "path")
        }
        let own = text.utf8.dropFirst(template.isLiteral ? text.utf8.count : template.literalPrefix.utf8.count)
        if own.split(separator: UInt8(ascii: "/")).dropFirst().contains(where: { $0.elementsEqual("..".utf8) }) {
            throw ConfigError(
                .invalidValue, "`path` of output `\(setting.name)` has `..` behind a field or time; write the folder that is meant in front"
            )
        }
        return template
    }

    private static func rotation(_ values: OptionValues, zone: Zone?) throws(ConfigError) -> RotationPolicy? {
        guard values.isSet("rotate") else { return nil }
        let group = values.group("rotate")
        guard group.isSet("max_size") || group.isSet("interval") else {
            throw ConfigError(
                .missingOption, "`rotate` needs `max_size`, `interval` or both, such as `rotate: { interval: 1d, keep: 14 }`",
                key: "rotate")
        }
        return RotationPolicy(
            sizeBytesMax: group.size("max_size"), intervalNs: group.duration("interval"), keepFiles: group.integer("keep"),
            ageNsMax: group.duration("max_age"), zone: zone)
    }

    private static func zone(_ values: OptionValues) throws(ConfigError) -> Zone? {
        guard let name = values.text("timezone") else { return nil }
        do {
            return try Zone(named: name)
        } catch {
            throw ConfigError(
                .invalidValue, "`\(name)` is no `timezone` that this system knows; write one such as `Europe/Berlin` or `UTC`",
                key: "timezone")
        }
    }

    private static func mode(_ values: OptionValues, _ key: String) throws(ConfigError) -> mode_t {
        let text = values.text(key) ?? ""
        guard let mode = mode_t(text, radix: 8), mode <= 0o7777, !text.hasPrefix("+") else {
            throw ConfigError(
                .invalidValue, "`\(text)` is no value for `\(key)`; it takes permissions in octal such as `\"0640\"`", key: key)
        }
        return mode
    }
}
