import SluiceDecoding
import SluiceEncoding

/// The long part of `sluice filter --help`; lists of formats and encodings come from their catalogues.
enum FilterHelp {
    /// Longest line: the help of the argument parser wraps at 80 and knows no hanging indent.
    static let width = 76

    /// Everything between the abstract and the options.
    static var discussion: String {
        """
        Every line becomes an event, whatever it holds; rules see it as `event` and
        decide by what they return: nothing goes on, `drop` discards, names of
        outputs route. Events that no rule routes go to `stdout`.

        Examples:

          tail -F /var/log/syslog |
            sluice filter -e 'if event.appname == "CRON" then return drop end'

          sluice filter route.lua --to auth=auth.ndjson /var/log/messages

          sluice filter -f combined -o csv:columns=remote_addr,status access.log

          sluice filter -o text:"{timestamp:%H:%M:%S} {message}" /var/log/syslog

        Formats:
        \(list(DecoderCatalogue.entries.map { ($0.name, $0.summary) }))

        Encodings:
        \(list(EncoderCatalogue.entries.map { ($0.name, $0.summary) }))

        Options of a format or encoding follow a colon and are separated by commas:
        `csv:header=true,delimiter=;`. `regex`, `grok` and `text` take everything
        behind the colon as it is.

        Dead letters, the events that a rule could not handle, are lines of JSON on
        standard error, or one message for each distinct failure on a terminal.

        Exit status:
        \(list(statuses))
        """
    }

    private static let statuses = [
        ("0", "done, also when the reader of standard output went away"),
        ("1", "a rule raised, or `--strict` refused a frame"),
        ("64", "the command line cannot be understood"),
        ("66", "a named rule or input is missing; the other inputs were read"),
        ("73, 74", "cannot create, cannot read or write"),
        ("77", "not permitted"),
        ("78", "the rules do not load"),
    ]

    /// Names and their summaries in two columns, none wider than ``width``.
    static func list(_ entries: [(String, String)]) -> String {
        let column = (entries.map(\.0.count).max() ?? 0) + 4
        return entries.map { name, summary in
            var lines = [String(repeating: " ", count: 2) + name]
            lines[0] += String(repeating: " ", count: column - lines[0].count)
            for word in summary.split(separator: " ") {
                let isFirst = lines[lines.count - 1].count == column
                if !isFirst, lines[lines.count - 1].count + 1 + word.count > width {
                    lines.append(String(repeating: " ", count: column) + word)
                } else {
                    lines[lines.count - 1] += (isFirst ? "" : " ") + word
                }
            }
            return lines.joined(separator: "\n")
        }.joined(separator: "\n")
    }
}
