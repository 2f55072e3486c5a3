import CSluice

/// `log`: lines to Sluice's own log.
enum LogLibrary {
    static let functions: [HostFunction] = [
        line(.debug, "Writes a line to the log for whoever looks closely.", #"log.debug("no team for " .. event.appname)"#),
        line(.info, "Writes a line to the log.", #"log.info("new host", { host = event.hostname })"#),
        line(.warn, "Writes a warning to the log: unexpected, nothing lost.", #"log.warn("unknown level " .. event.level)"#),
        line(.error, "Writes an error to the log: someone has to act.", #"log.error("teams.csv has no default team")"#),
    ]

    private static func line(_ level: LogLevel, _ summary: String, _ example: String) -> HostFunction {
        HostFunction(
            "log", level.name,
            [
                HostParameter("text", .string, "the line"),
                .optional("fields", .table, type: "table<string, any>", "values that belong to it"),
            ],
            returns: [], summary,
            notes:
                "Each rule may write \(LogLimit.linesMax) lines of a level in 10 seconds; further ones are counted and told of in one line.",
            example: example
        ) { call, context in
            context.rules[call.rule].log(level, now: context.logClock(), to: context.logSink) {
                (call.string(0), fields: call.string(1))
            }
        }
    }
}
