import SluiceDecoding
import SluiceEncoding

/// The long part of `sluice filter --help`; lists of formats and encodings come from their catalogues.
enum FilterHelp {
    static var discussion: String {
        """
        Every line becomes an event, whatever it holds; rules see it as `event` and decide by what they return: nothing goes on,
        `drop` discards, names of outputs route. Unrouted events go to `stdout`.

        Examples:

          tail -F /var/log/syslog | sluice filter -e 'if event.appname == "CRON" then return drop end' | jq
          sluice filter route.lua --to auth=auth.ndjson --to main=main.ndjson /var/log/messages
          sluice filter -f combined -o csv:columns=remote_addr,status,path access.log
          sluice filter -o text:"{timestamp:%H:%M:%S} {hostname} {message}" /var/log/syslog

        Formats:
        \(list(DecoderCatalogue.entries.map { ($0.name, $0.summary) }))

        Encodings:
        \(list(EncoderCatalogue.entries.map { ($0.name, $0.summary) }))

        Options of a format or encoding follow a colon and are separated by commas: `csv:header=true,delimiter=;`. `regex`, `grok` and
        `text` take everything behind the colon as it is.

        Exit status: 0 done, 1 a rule raised or a frame was refused, 64 usage, 66 a named file is missing, 73 or 74 cannot create or
        write, 77 not permitted, 78 the rules do not load.
        """
    }

    private static func list(_ entries: [(String, String)]) -> String {
        let width = entries.map(\.0.count).max() ?? 0
        return entries.map { name, summary in
            "  " + name + String(repeating: " ", count: width - name.count + 2) + summary
        }.joined(separator: "\n")
    }
}
