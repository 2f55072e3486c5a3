import SluiceComponent
import SluiceConfig

/// Checked options of an `exec` output.
struct ExecSettings: Sendable {
    /// The program and its arguments.
    let command: [String]
    /// Folder that it runs in.
    let folder: String
    let graceNs: Int64
    let restartDelayNs: Int64
    let header: [UInt8]

    /// The program's name in messages.
    var name: String { command[0] }
}

/// A checked configuration of an `exec` output.
struct ExecPlan: OutputPlan {
    /// As they stand in the reference.
    static let options: [OptionSpec] = [
        OptionSpec(
            "command", .texts,
            "the program and its arguments, without a shell; found in `PATH`, or relative to the configuration's folder when it has a `/`",
            example: "[/usr/local/bin/ingest, --stdin]", isRequired: true),
        OptionSpec(
            "grace", .duration(0...3_600_000_000_000), default: "10s",
            "time the program has to end when its input was closed; then it gets TERM, and after the same time KILL", example: "30s"),
        OptionSpec(
            "restart_delay", .duration(1_000_000...60_000_000_000), default: "1s",
            "time before a program that ended is started again; doubles with each quick end up to one minute", example: "250ms"),
    ]

    let settings: ExecSettings

    init(_ values: OptionValues, _ setting: OutputSetting) throws(ConfigError) {
        var command = values.texts("command")
        guard let program = command.first, !program.isEmpty else {
            throw ConfigError(
                .invalidValue,
                "`command` of output `\(setting.name)` names no program; write one such as `[/usr/local/bin/ingest, --stdin]`",
                key: "command")
        }
        guard !command.contains(where: { $0.utf8.contains(0) }) else {
            throw ConfigError(
                .invalidValue, "`command` of output `\(setting.name)` has a NUL byte in it; no argument can have one", key: "command")
        }
        if program.contains("/"), !program.hasPrefix("/") { command[0] = "\(setting.folder)/\(program)" }
        settings = ExecSettings(
            command: command, folder: setting.folder, graceNs: values.duration("grace") ?? 10_000_000_000,
            restartDelayNs: values.duration("restart_delay") ?? 1_000_000_000, header: setting.header)
    }

    func makeOutput(_ context: OutputContext) -> any Output { ExecOutput(settings, context) }
}
