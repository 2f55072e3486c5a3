import SluiceComponent
import SluiceConfig

/// The checked options of `type: file`.
package struct FileSetting: Sendable {
    /// How changes are noticed.
    enum Watching: String, CaseIterable, Sendable {
        case inotify, poll
    }

    let decoding: DecodingSetting
    let include: [GlobPattern]
    let exclude: [String]
    /// Folder that relative patterns begin at.
    let folder: String
    /// What is there at the very first start is skipped.
    let startsAtEnd: Bool
    let watching: Watching
    let pollIntervalNs: Int64
    let scanIntervalNs: Int64
    let rotateWaitNs: Int64
    let forgetAfterNs: Int64
    let flushPartialAfterNs: Int64?
    let openFilesMax: Int
    let includesPath: Bool

    /// The declared options.
    static let options: [OptionSpec] =
        [
            OptionSpec(
                "include", .texts, "paths to read; `*`, `?`, `[…]` stand for parts of a name, `**` for any folders",
                example: "/var/log/nginx/*.log", isRequired: true),
            OptionSpec(
                "exclude", .texts, "paths that are not read although they fit; without `/` a name, wherever it is",
                example: "*.gz"),
            OptionSpec(
                "start", .choice(["beginning", "end"]), default: "beginning",
                "where files begin that are there at the very first start; files that come later always from the beginning",
                example: "end"),
            OptionSpec(
                "include_path", .boolean, default: "false", "put the file's path into the meta field `path`, for templates `{@path}`",
                example: "true"),
            OptionSpec(
                "watch", .choice(Watching.allCases.map(\.rawValue)), default: Watching.inotify.rawValue,
                "how changes are noticed; `poll` for file systems that tell nothing, such as NFS", example: "poll"),
            OptionSpec(
                "poll_interval", .duration(10_000_000...3_600_000_000_000), default: "1s", "how often `watch: poll` looks",
                example: "5s"),
            OptionSpec(
                "scan_interval", .duration(1_000_000_000...86_400_000_000_000), default: "60s",
                "how often all files are looked at although no change was told, for safety", example: "10m"),
            OptionSpec(
                "rotate_wait", .duration(0...86_400_000_000_000), default: "10s",
                "how long a file that was renamed away or deleted is still watched after its last line", example: "1m"),
            OptionSpec(
                "forget_after", .duration(1_000_000_000...31_536_000_000_000_000), default: "24h",
                "how long the position of a file that is gone is remembered", example: "7d"),
            OptionSpec(
                "flush_partial_after", .duration(1_000_000...86_400_000_000_000),
                "send a line whose end has not come for so long; by default it is waited for", example: "5s"),
            OptionSpec(
                "max_open_files", .integer(1...100_000), default: "512",
                "files that are kept open; others are opened when they change", example: "4096"),
        ] + DecodingSetting.options()

    /// The setting that checked options describe.
    init(_ values: OptionValues, _ setting: InputSetting) throws(ConfigError) {
        decoding = try DecodingSetting(values, zone: setting.zone)
        folder = setting.folder
        include = values.texts("include").map { GlobPattern($0, folder: setting.folder) }
        exclude = values.texts("exclude")
        guard !include.isEmpty, !values.texts("include").contains("") else {
            throw ConfigError(.missingOption, "`include` of input `file` names no path; write one, such as `/var/log/app/*.log`")
        }
        startsAtEnd = values.text("start") == "end"
        includesPath = values.boolean("include_path")
        watching = values.text("watch").flatMap(Watching.init(rawValue:)) ?? .inotify
        pollIntervalNs = values.duration("poll_interval") ?? 1_000_000_000
        scanIntervalNs = values.duration("scan_interval") ?? 60_000_000_000
        rotateWaitNs = values.duration("rotate_wait") ?? 10_000_000_000
        forgetAfterNs = values.duration("forget_after") ?? 86_400_000_000_000
        flushPartialAfterNs = values.duration("flush_partial_after")
        openFilesMax = values.integer("max_open_files") ?? 512
    }
}
