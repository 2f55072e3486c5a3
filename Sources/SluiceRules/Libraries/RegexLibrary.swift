import CSluice

/// `re`: Perl-compatible regular expressions (PCRE2). The declarations are in every build, the bodies behind the trait.
enum RegexLibrary {
    static let functions: [HostFunction] = [
        HostFunction(
            "re", "test", [text, pattern], returns: [HostResult("is_match", "boolean", "")],
            "Whether a pattern matches anywhere in a text.", notes: about,
            example: #"if re.test(event.message, [[(?i)\bpanic\b]]) then also("oncall") end"#, body: RegexCalls.test),
        HostFunction(
            "re", "match", [text, pattern, start], returns: [HostResult("...", "string?", "nil alone when nothing matches")],
            "The groups of the first match, or the whole match when the pattern has no groups; like `string.match`.",
            notes: "At most \(HostCall.resultsMax) groups (`re.capture` takes more); a group that took no part is nil. " + about,
            example: #"local user, address = re.match(event.message, [[for (\S+) from (\S+)]])"#, body: RegexCalls.match),
        HostFunction(
            "re", "find", [text, pattern, start],
            returns: [
                HostResult("first", "integer?", "where the match begins"), HostResult("last", "integer?", "where it ends"),
                HostResult("...", "string?", "groups"),
            ], "Where the first match begins and ends, and its groups; like `string.find`.",
            notes: "At most \(HostCall.resultsMax - 2) groups. " + about,
            example: #"local first, last = re.find(event.message, [[\d+ms]])"#, body: RegexCalls.find),
        HostFunction(
            "re", "capture", [text, pattern, start],
            returns: [HostResult("groups", "table<string, string>?", "nil when nothing matches")],
            "The named groups of the first match as a table.", notes: "A group that took no part is absent. " + about,
            example: #"local found = re.capture(event.message, [[(?<user>\w+)@(?<domain>[\w.]+)]])"#, body: RegexCalls.capture),
        HostFunction(
            "re", "all", [text, pattern], returns: [HostResult("matches", "string[]", "empty when nothing matches")],
            "All matches in order: the first group of each, or the whole match when the pattern has no groups.", notes: about,
            example: #"event.addresses = re.all(event.message, [[\b\d+\.\d+\.\d+\.\d+\b]])"#, body: RegexCalls.all),
        HostFunction(
            "re", "gsub",
            [
                text, pattern,
                HostParameter(
                    "replacement", .string, "`$1` or `${1}` a group, `${name}` a named one, `$0` the match, `$$` a `$`"),
                .optional("n", .integer, "replace at most so many matches"),
            ],
            returns: [HostResult("text", "string", ""), HostResult("count", "integer", "matches replaced")],
            "The text with its matches replaced.", notes: about,
            example: #"event.message = re.gsub(event.message, [[(password=)\S+]], "$1***")"#, body: RegexCalls.gsub),
        HostFunction(
            "re", "split",
            [text, pattern, .optional("n", .integer, "make at most so many parts; the last one is the rest")],
            returns: [HostResult("parts", "string[]", "")], "The parts of a text between the matches of a pattern.",
            notes: "Empty matches split nothing. " + about, example: #"local words = re.split(event.message, [[\s*[,;]\s*]])"#,
            body: RegexCalls.split),
    ]

    static let text = HostParameter("text", .string, "any bytes; those that are not UTF-8 match nothing")
    private static let pattern = HostParameter(
        "pattern", .string, "write it in `[[…]]`, so that backslashes stay; `(?i)` at its start ignores case")
    private static let start = HostParameter.optional(
        "start", .integer, "byte to look from, by default 1; negative counts from the end")
    private static let about =
        "Patterns are compiled once and kept. One that needs more than a million steps is an error of the event."
}

/// `grok`: named patterns over regular expressions.
enum GrokFunctions {
    static let functions: [HostFunction] = [
        HostFunction(
            "grok", "match",
            [
                RegexLibrary.text, HostParameter("pattern", .string, "such as `%{IP:client} %{NUMBER:ms:int}`"),
                .optional("patterns", .table, type: "table<string, string>", "further patterns by name"),
            ],
            returns: [HostResult("fields", "table<string, string|number>?", "nil when it does not match")],
            "The fields that a grok pattern finds in a text.",
            notes: "`%{NAME:field:int}` and `:float` make numbers. The pattern may match anywhere; `^` and `$` bind it. Patterns "
                + "are compiled once and kept.",
            example: #"local found = grok.match(event.message, "%{IP:client} %{WORD:method} %{NUMBER:ms:float}")"#,
            body: RegexCalls.grok)
    ]
}
