import SluiceConfig
import SluiceComponent

/// The checked options of `type: exec`.
package struct ExecSetting: Sendable {
    let decoding: DecodingSetting
    let call: ProgramCall
    let restart: RestartPolicy

    /// The declared options.
    static let options: [OptionSpec] =
        [
            OptionSpec(
                "command", .texts, "program and arguments, one item each; no shell reads them",
                example: "[journalctl, --follow, --output=json]", isRequired: true),
            OptionSpec("directory", .text, "working directory; by default the configuration's", example: "/var/lib/app"),
            OptionSpec("environment", .texts, "variables `NAME=VALUE` on top of those of the service", example: "LANG=C.UTF-8"),
            OptionSpec(
                "restart", .choice(RestartPolicy.Rule.allCases.map(\.rawValue)), default: "always",
                "when a program that ended is started again", example: "on_failure"),
            OptionSpec(
                "restart_initial", .duration(1_000_000...3_600_000_000_000), default: "1s",
                "pause before the first restart; each further one doubles it", example: "5s"),
            OptionSpec(
                "restart_max", .duration(1_000_000...86_400_000_000_000), default: "60s",
                "longest pause; a program that ran longer than this starts with the first pause again", example: "10m"),
            OptionSpec(
                "kill_after", .duration(0...3_600_000_000_000), default: "5s",
                "time between SIGTERM and SIGKILL to the program's process group when the input ends", example: "30s"),
        ] + DecodingSetting.options()

    /// The setting that checked options describe.
    init(_ values: OptionValues, _ setting: InputSetting) throws(ConfigError) {
        decoding = try DecodingSetting(values, zone: setting.zone)
        let command = values.texts("command")
        guard let program = command.first, !program.isEmpty else {
            throw ConfigError(.missingOption, "`command` of input `exec` names no program; write `[PROGRAM, ARGUMENT, …]`")
        }
        if command.count == 1, program.contains(" ") {
            throw ConfigError(
                .invalidValue,
                "`command` of input `exec` is one item with blanks, and no shell takes it apart; write `[PROGRAM, ARGUMENT, …]` or `[sh, -c, \"\(program)\"]`"
            )
        }
        let environment = values.texts("environment")
        for text in environment where !text.contains("=") || text.hasPrefix("=") {
            throw ConfigError(.invalidValue, "`\(text)` is no value for `environment` of input `exec`; it takes `NAME=VALUE`")
        }
        let named = values.text("directory") ?? setting.folder
        call = ProgramCall(
            command: command, folder: named.hasPrefix("/") ? named : setting.folder + "/" + named, environment: environment,
            killWaitNs: values.duration("kill_after") ?? 5_000_000_000)
        let rule = values.text("restart").flatMap(RestartPolicy.Rule.init(rawValue:)) ?? .always
        restart = RestartPolicy(
            rule: rule, initialNs: values.duration("restart_initial") ?? 1_000_000_000,
            maxNs: values.duration("restart_max") ?? 60_000_000_000)
    }
}
