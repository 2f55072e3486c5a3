import ArgumentParser
import Glibc
import SluiceAdmin
import SluiceConfig
import SluiceEngine
import SluiceEvent
import SluiceStore

/// `sluice dead-letters`.
struct DeadLettersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters", abstract: "Look at what could not be processed, and try it again.",
        discussion: """
            An event that a rule or an output could not handle is kept whole, with
            the reason. All but `redrive` work without the running service too.

            Example:

              sluice dead-letters list --format json | jq -r .error | sort | uniq -c
              sluice dead-letters redrive --all
            """,
        subcommands: [List.self, Show.self, Redrive.self, Purge.self])

    func run() throws { throw ValidationError("say what to do: `list`, `show`, `redrive` or `purge`") }

    /// `sluice dead-letters list`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List dead letters, the oldest first.",
            discussion: """
                As JSON one object a line, with `id`, `time`, `rule`, `line`, `error`,
                `generation`, `event` as it was before the rule, and `raw`, the bytes
                that came in (`raw_b64` when they are not UTF-8).

                Example:

                  sluice dead-letters list --rule nginx.lua
                """)

        @OptionGroup var link: ServiceLink

        @Option(help: ArgumentHelp("Only letters of this rule.", valueName: "NAME"))
        var rule: String?

        @Option(help: ArgumentHelp("Only letters of this output.", valueName: "NAME"))
        var output: String?

        @Option(help: "Form of the report: text or json.")
        var format: ReportFormat = .text

        func run() throws {
            try DeadLetterAccess.reading(try link.glance().dataFolder) { reader throws(StoreError) in
                var query = DeadLetterQuery()
                query.rule = rule
                query.output = output
                while true {
                    let page = try reader.letters(query)
                    guard let last = page.last else { return }
                    let lines = page.map { format == .json ? DeadLetterText.json($0) : DeadLetterText.line($0) }
                    Terminal.write(lines.joined(), to: STDOUT_FILENO)
                    query.after = last.id
                }
            }
        }
    }

    /// `sluice dead-letters show`.
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show everything that is known of dead letters.",
            discussion: "Example:\n\n  sluice dead-letters show 17")

        @OptionGroup var link: ServiceLink

        @Argument(help: ArgumentHelp("Ids, as `list` shows them.", valueName: "ID"))
        var ids: [Int64]

        @Option(help: "Form of the report: text or json.")
        var format: ReportFormat = .text

        func run() throws {
            var unknown: [Int64] = []
            let glance = try link.glance()
            let sources = RuleSources(glance.rules)
            try DeadLetterAccess.reading(glance.dataFolder) { reader throws(StoreError) in
                var isFirst = true
                for id in ids {
                    guard let letter = try reader.letter(id) else {
                        unknown.append(id)
                        continue
                    }
                    let text = format == .json ? DeadLetterText.json(letter) : DeadLetterText.block(letter, sources: sources)
                    Terminal.write((format == .text && !isFirst ? "\n" : "") + text, to: STDOUT_FILENO)
                    isFirst = false
                }
            }
            for id in unknown { Terminal.say("no dead letter has the id \(id)") }
            if !unknown.isEmpty { throw ExitCode(Status.refused.rawValue) }
        }
    }

    /// `sluice dead-letters redrive`.
    struct Redrive: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "redrive", abstract: "Send dead letters through the rules of today.",
            discussion: """
                Each one starts at the rule that failed, with the outputs that `also` had
                added, and goes once it was handled. One that fails again is a dead
                letter again. Needs the running service.

                Example:

                  sluice dead-letters redrive 17 18
                """)

        @OptionGroup var link: ServiceLink

        @Argument(help: ArgumentHelp("Ids, as `list` shows them.", valueName: "ID"))
        var ids: [Int64] = []

        @Flag(help: "All dead letters.")
        var all = false

        @Option(help: "Form of the report: text or json.")
        var format: ReportFormat = .text

        func validate() throws {
            if ids.isEmpty != all { throw ValidationError("say which dead letters: ids, or `--all`") }
        }

        func run() throws {
            try DeadLetterAccess.redrive(link, all ? .all : .ids(ids), format)
        }
    }

    /// `sluice dead-letters purge`.
    struct Purge: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "purge", abstract: "Remove dead letters for good.",
            discussion: """
                The running service does it; without one it is done at once.

                Example:

                  sluice dead-letters purge --before 2026-10-01T00:00:00Z
                """)

        @OptionGroup var link: ServiceLink

        @Argument(help: ArgumentHelp("Ids, as `list` shows them.", valueName: "ID"))
        var ids: [Int64] = []

        @Option(help: ArgumentHelp("Those written before this moment.", valueName: "TIME"))
        var before: String?

        @Flag(help: "All dead letters.")
        var all = false

        @Option(help: "Form of the report: text or json.")
        var format: ReportFormat = .text

        func validate() throws {
            if [!ids.isEmpty, before != nil, all].count(where: { $0 }) != 1 {
                throw ValidationError("say which dead letters: ids, `--before TIME` or `--all`")
            }
            if let before, TimestampText.nanoseconds(of: before) == nil {
                throw ValidationError("`\(before)` is no value for `--before`; it takes RFC 3339 such as `2026-10-09T22:33:20Z`")
            }
        }

        func run() throws {
            let moment = before.flatMap { TimestampText.nanoseconds(of: $0) }
            try DeadLetterAccess.purge(link, moment.map { .before($0) } ?? (all ? .all : .ids(ids)), format)
        }
    }
}
