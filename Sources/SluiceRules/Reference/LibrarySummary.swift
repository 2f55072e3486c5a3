/// A library as reference and editors introduce it.
struct LibrarySummary {
    /// Table in Lua, `timestamp` for the methods, empty for the global functions.
    let name: String
    /// Heading on the reference page.
    let title: String
    /// What it is for, in a sentence or two.
    let text: String

    /// All libraries in the order of the reference page.
    static let all: [LibrarySummary] = [
        LibrarySummary(
            name: "field", title: "field: bytes in place",
            text: "Looks at and changes a text field where it lies, without making a Lua string of it: for long messages in "
                + "busy rules."),
        LibrarySummary(name: "json", title: "json", text: "JSON inside of fields."),
        LibrarySummary(
            name: "os", title: "os: the safe part",
            text: "Lua's own functions for date and time, on the pipeline's clock. Nothing else of `os` is there."),
        LibrarySummary(name: "time", title: "time", text: "Timestamps from texts and numbers, and durations."),
        LibrarySummary(
            name: "timestamp", title: "timestamp: methods of times",
            text: "`event.timestamp`, `meta.received` and what `time` makes are timestamps: they keep nanoseconds, offset and "
                + "digits, compare with `<` and `==`, take `+` and `-` with seconds, and their difference is seconds."),
        LibrarySummary(name: "ip", title: "ip", text: "IPv4 and IPv6 addresses and networks."),
        LibrarySummary(name: "hash", title: "hash", text: "Digests and checksums."),
        LibrarySummary(name: "base64", title: "base64", text: "Base64 (RFC 4648) in both alphabets."),
        LibrarySummary(name: "url", title: "url", text: "Parts of URLs, percent encoding, queries."),
        LibrarySummary(name: "csv", title: "csv", text: "Rows of comma-separated values inside of fields."),
        LibrarySummary(name: "kv", title: "kv", text: "Pairs such as `user=bob action=\"log in\"` inside of fields."),
        LibrarySummary(name: "uuid", title: "uuid", text: "Identifiers (RFC 9562)."),
        LibrarySummary(
            name: "lookup", title: "lookup: tables from files",
            text: "Tables from files beside the rule. Call these at the top of a rule and keep the table. A path is relative "
                + "to the rule's folder and cannot leave it."),
        LibrarySummary(name: "log", title: "log", text: "Lines to Sluice's own log, with the rule's name."),
        LibrarySummary(
            name: "re", title: "re: regular expressions",
            text: "Perl-compatible regular expressions (PCRE2). Only in builds with the trait `Regex`; elsewhere each call is "
                + "an error that says so. Lua patterns (`string.match`) are faster for simple work."),
        LibrarySummary(
            name: "grok", title: "grok",
            text: "The named patterns of Logstash over regular expressions. Only in builds with the trait `Regex`."),
        LibrarySummary(
            name: "", title: "dedup, throttle, sample",
            text:
                "Which events of many to keep. These are global functions; each rule has its own memory, which survives reloads."),
    ]

    /// The functions of a library that users may call, in order.
    static func functions(of library: String) -> [HostFunction] {
        (BindingFunctions.functions + HostRegistry.functions).filter { $0.library == library && !$0.isHidden }
    }
}
