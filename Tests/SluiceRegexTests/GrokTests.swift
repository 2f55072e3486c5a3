import Testing

@testable import SluiceRegex

@Suite struct GrokTests {
    @Test func `a reference with a field becomes a named group and keeps its type`() throws {
        let grok = try Grok("took %{INT:took.ms:int} of %{NUMBER:share:float} for %{WORD:[who]} %{WORD}")
        #expect(
            grok.captures == [
                .init(group: "grok__0", field: "took.ms", kind: .int), .init(group: "grok__1", field: "share", kind: .float),
                .init(group: "grok__2", field: "[who]", kind: .string),
            ])
        #expect(grok.expression.hasPrefix("took (?<grok__0>[+-]?[0-9]+) of (?<grok__1>(?:"))
        #expect(grok.expression.hasSuffix(#" (?:\b\w+\b)"#))
    }

    @Test func `fields of library patterns are fields`() throws {
        let fields = try Grok("%{COMBINEDAPACHELOG}").captures.map(\.field)
        #expect(
            fields == [
                "clientip", "ident", "auth", "timestamp", "verb", "request", "httpversion", "rawrequest", "response", "bytes",
                "referrer", "agent",
            ])
    }

    @Test func `an own pattern wins over the library`() throws {
        #expect(try Grok("%{WORD}", patterns: ["WORD": "x"]).expression == "(?:x)")
    }

    @Test func `an escaped reference is text`() throws {
        #expect(try Grok(#"a\%{WORD}"#).expression == #"a\%{WORD}"#)
    }

    private static let faults: [(String, String, Int)] = [
        ("x %{WROD:a}", "unknown grok pattern `WROD`; did you mean `WORD`?", 2),
        ("%{XYZZYPLUGH}", "unknown grok pattern `XYZZYPLUGH`", 0),
        (
            "ä%{WORD:a:number}",
            "unknown type `number` in grok reference `%{WORD:a:number}`; it takes `int`, `float` or `string`", 2
        ),
        ("%{WORD", "grok reference `%{WORD` is not closed; add `}`", 0),
        ("%{A}", "grok pattern `A` refers to itself (A → B → A); break the circle", 0),
        ("%{WIDE}", "grok pattern expands to more than 65536 bytes; use smaller patterns", 0),
    ]

    @Test(arguments: faults)
    func `a bad pattern says what is wrong`(text: String, message: String, offset: Int) {
        let own = [
            "A": "%{B}", "B": "%{A}", "WIDE": String(repeating: "%{W2}", count: 100),
            "W2": String(repeating: "%{W3}", count: 100), "W3": String(repeating: "x", count: 100),
        ]
        #expect(throws: PatternError(message, offset: offset)) { try Grok(text, patterns: own) }
    }

    @Test func `every library pattern expands`() throws {
        for name in GrokLibrary.patterns.keys { #expect(throws: Never.self) { try Grok("%{\(name):x}") } }
    }
}

#if Regex
    @Suite struct GrokLibraryTests {
        private static let whole: [(String, [String], [String])] = [
            (
                "IP",
                [
                    "1.2.3.4", "::", "::1", "1::", "2001:db8::7", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "fe80::1%eth0",
                    "1:2:3:4:5:6:1.2.3.4",
                ],
                ["1.2.3", "256.1.1.1", "1:2", "1:2:3:4:5:6:7:8:9", ":::", "1::2::3"]
            ),
            ("NUMBER", ["1", "-1.5", ".5", "+3"], ["x", "1.2.3", ""]),
            ("UUID", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567e89b12d3a456426614174000"]),
            ("HOSTNAME", ["a", "web-1.example.org", "combo", "10"], ["a b", "-a"]),
            ("QS", [#""a \" b""#, "'x'", #""""#], [#""a"#, "a"]),
            ("URI", ["http://h/p?q=1", "https://user:pw@h:80/x", "ftp://1.2.3.4/a"], ["h/p"]),
            ("PATH", ["/var/log/x.log", #"C:\x\y"#], ["var"]),
            (
                "TIMESTAMP_ISO8601", ["2026-10-09T22:33:20.120Z", "2026-10-09 22:33", "2026-10-09T22:33:20+02:00"],
                ["2026-13-09T22:33:20"]
            ),
            ("HTTPDATE", ["10/Oct/2000:13:55:36 -0700"], ["10/Foo/2000:13:55:36 -0700"]),
            ("SYSLOGTIMESTAMP", ["Oct  9 22:33:20", "Oct 19 22:33:20"], ["Oct 39 22:33:20"]),
            ("LOGLEVEL", ["INFO", "warning", "Error"], ["loud"]),
            ("MAC", ["00:11:22:aa:bb:cc", "0011.22aa.bbcc"], ["00:11:22:aa:bb"]),
            ("EMAILADDRESS", ["a.b+c@example.org"], ["a@", "@b"]),
        ]

        @Test(arguments: whole)
        func `a library pattern takes what its name says`(name: String, good: [String], bad: [String]) throws {
            let matcher = PatternMatcher(try Pattern(try Grok("^(?:%{\(name)})$").expression))
            func outcome(_ text: String) -> PatternOutcome { Array(text.utf8).withUnsafeBytes { matcher.match($0) } }
            for text in good { #expect(outcome(text) == .matched, "\(text)") }
            for text in bad { #expect(outcome(text) == .unmatched, "\(text)") }
        }

        @Test func `every library pattern compiles`() throws {
            for name in GrokLibrary.patterns.keys { _ = try Pattern(try Grok("%{\(name):x}").expression) }
        }
    }
#endif
