import ArgumentParser

/// `sluice filter`: the Unix filter.
struct FilterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filter",
        abstract: "Read logs from files or standard input, run rules over them, write them to standard output.",
        usage: """
            sluice filter [RULE.lua…] [-e CODE] [-f FORMAT] [-o ENCODING]
                          [--to NAME=PATH]… [FILE…]
            """,
        discussion: FilterHelp.discussion)

    @Argument(
        help: ArgumentHelp(
            "Rules (leading names that end in `.lua`), then input files; `-` is standard input.", valueName: "RULE.lua… FILE"))
    var names: [String] = []

    @Option(name: .customLong("input-file"), help: .hidden)
    var files: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Format of the input with its options, such as `auto`, `json`, `csv:delimiter=;`.", valueName: "FORMAT"))
    var format = "auto"

    @Option(help: ArgumentHelp("Format of `message` behind the outer format, such as `json` or `combined`.", valueName: "FORMAT"))
    var messageFormat: String?

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp(
            "Encoding of the outputs, such as `json`, `csv:columns=a,b`, `text:\"{hostname} {message}\"`.", valueName: "ENCODING")
    )
    var encoding = "json"

    @Option(
        name: [.customShort("e"), .customLong("execute")],
        help: ArgumentHelp("Body of `process(event, meta)`, run after the rule files; may be given again.", valueName: "CODE"))
    var code: [String] = []

    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("A further output: rules route to it by name; may be given again.", valueName: "NAME=PATH"))
    var to: [String] = []

    @Option(
        help: ArgumentHelp(
            "What becomes of an event when a rule raises: `dead_letter`, `pass`, `drop` or an output's name.", valueName: "POLICY"
        ))
    var onError = "dead_letter"

    @Option(help: ArgumentHelp("Write dead letters to this file instead of standard error.", valueName: "FILE"))
    var deadLetters: String?

    @Option(
        help: ArgumentHelp(
            "Zone of times that name none, such as `Europe/Berlin` or `+02:00`; by default the system's.", valueName: "ZONE"))
    var timezone: String?

    @Option(
        help: ArgumentHelp(
            "Clock for years and zones that RFC 3164 leaves out, as RFC 3339; by default the time of reading.", valueName: "TIME")
    )
    var now: String?

    @Option(help: ArgumentHelp("Charset of the input: `utf-8`, `auto`, `gbk`, `latin1`, `utf-16`, ….", valueName: "CHARSET"))
    var charset = "utf-8"

    @Option(
        help: ArgumentHelp(
            "How bytes are cut into frames: `newline`, `octet`, `nul`, `auto`, `auto-stream`, `whole`.", valueName: "FRAMING"))
    var framing: String?

    @Option(
        help: ArgumentHelp(
            "Join lines before decoding: `java`, `python`, `go`, `ruby`, `indent`, `regex:PATTERN`, `auto`.", valueName: "PARSER")
    )
    var multiline: String?

    @Option(help: ArgumentHelp("Longest frame; longer ones are cut and counted.", valueName: "SIZE"))
    var maxFrameSize = "1MiB"

    @Option(help: ArgumentHelp("CPU time of one event over all rules.", valueName: "DURATION"))
    var timeLimit = "100ms"

    @Option(help: ArgumentHelp("Memory of the rules' Lua state.", valueName: "SIZE"))
    var memoryLimit = "64MiB"

    @Option(help: ArgumentHelp("Call rules as another program does: `fluent-bit`.", valueName: "API"))
    var api: String?

    @Option(help: ArgumentHelp("Function of a Fluent Bit script.", valueName: "NAME"))
    var call: String?

    @Flag(help: "Fluent Bit scripts get the timestamp as {sec, nsec}.")
    var timeAsTable = false

    @Option(help: ArgumentHelp("Variable that Fluent Bit scripts see in `FLB_ENV`; may be given again.", valueName: "NAME"))
    var env: [String] = []

    @Flag(help: "Refuse what breaks the format's standard: it becomes a dead letter.")
    var strict = false

    @Flag(help: "Go on reading when files grow, are rotated or truncated, like `tail -F`.")
    var follow = false

    @Option(
        help: ArgumentHelp("Print the ledger at the end: `--stats=text` or `--stats=json`; `--stats` is text.", valueName: "FORM")
    )
    var stats: ReportFormat?

    func run() throws { try FilterRun(self).run() }

    /// Two forms that the parser has no words for: `--stats` alone becomes `--stats=text`, and what follows `--` are input
    /// files whatever their names, while before it leading names that end in `.lua` are rules.
    static func prepared(_ arguments: [String]) -> [String] {
        guard arguments.first == configuration.commandName else { return arguments }
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments[..<end].map { $0 == "--stats" ? "--stats=text" : $0 }
            + arguments[end...].dropFirst().map { "--input-file=\($0)" }
    }
}
