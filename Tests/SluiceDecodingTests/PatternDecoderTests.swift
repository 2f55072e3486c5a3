#if Regex
    import CSluice
    import SluiceComponent
    import SluiceConfig
    import SluiceEvent
    import Testing

    @testable import SluiceDecoding

    @Suite struct PatternDecoderTests {
        private static let cases: [(String, String, String, EventFlags)] = [
            (#"regex:^(?<level>\w+) (?<message>.*)$"#, "INFO all well", "level='INFO' message='all well'", []),
            ("regex:(?<a>x)|(?<b>y)", "-y-", "b='y'", []),
            ("regex:(?<a>x)(?<b>)", "x", "a='x' b=''", []),
            ("regex:(?<a>x)|(?<a>y)", "y", "a='y'", []),
            ("regex:(?<a>x)", "z", "message='z'", .undecoded),
            (
                "regex:(?<a>(a+)+)$", String(repeating: "a", count: 100) + "!",
                "message='\(String(repeating: "a", count: 100))!'", .undecoded
            ),
            ("regex:(?<a>^$)", "", "a=''", []),
            ("grok:^%{WORD:verb} %{NUMBER:took:float} %{INT:count:int}", "GET 1.50 +7", "verb='GET' took=1.5f count=7", []),
            ("grok:%{NOTSPACE:n:int}", "7x", "n='7x'", .valueInvalid),
            ("grok:%{NOTSPACE:n:int}", "9223372036854775808", "n='9223372036854775808'", .valueInvalid),
            ("grok:%{NOTSPACE:n:int}", "-9223372036854775808", "n=-9223372036854775808", []),
            ("grok:%{NOTSPACE:n:float}", "nan", "n='nan'", .valueInvalid),
            ("grok:%{WORD:[user][name]} (?<own>\\d+)", "joe 7", "[user][name]='joe' own='7'", []),
            (
                "grok:%{SYSLOGLINE}", "Oct  9 22:33:20 web sshd[42]: Accepted",
                "timestamp='Oct  9 22:33:20' logsource='web' program='sshd' pid='42' message='Accepted'", []
            ),
        ]

        @Test(arguments: cases)
        func `named groups are the fields`(format: String, text: String, summary: String, flags: EventFlags) throws {
            let event = try event(text, as: format)
            #expect(event.summary == summary)
            #expect(event.flags == flags)
        }

        @Test func `access logs are read by grok as by combined`() throws {
            let line = #"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 23 "http://h/" "Mozilla""#
            #expect(
                try event(line, as: "grok:%{COMBINEDAPACHELOG}").summary
                    == #"clientip='127.0.0.1' ident='-' auth='frank' timestamp='10/Oct/2000:13:55:36 -0700' verb='GET' request='/a' httpversion='1.0' response='200' bytes='23' referrer='"http://h/"' agent='"Mozilla"'"#
            )
        }

        @Test func `a timestamp that is one gives the event its time`() throws {
            for (text, ns) in [
                ("2026-10-09T22:33:20Z", 1_791_585_200_000_000_000), ("10/Oct/2000:13:55:36 +0000", 971_186_136_000_000_000),
            ] {
                let batch = EventBatch()
                var decoder = try DecoderCatalogue.make(OptionText("regex:(?<timestamp>.*)")).decoder
                let span = Array(text.utf8).withUnsafeBytes { batch.append($0) }
                _ = decoder.decode(.init(offset: 0, length: Int(span.length)), received: 0, into: batch)
                #expect(batch.raw.pointee.events[0].time_ns == Int64(ns))
            }
        }

        private static let faults: [(String, String)] = [
            ("regex:(?<a>", "regular expression `(?<a>` does not compile: missing closing parenthesis (at byte 5)"),
            ("regex:abc", "pattern of format `regex` names no field; write `(?<field>…)`"),
            ("grok:%{WROD:a}", "unknown grok pattern `WROD`; did you mean `WORD`?"),
            ("grok:%{WORD}", "pattern of format `grok` names no field; write `%{NAME:field}`"),
        ]

        @Test(arguments: faults)
        func `a bad pattern says what is wrong`(format: String, message: String) {
            #expect(throws: ConfigError(.invalidValue, message)) { try DecoderCatalogue.make(OptionText(format)) }
        }
    }
#endif
