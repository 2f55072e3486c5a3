#if Regex
    import Testing

    @testable import SluiceRegex

    @Suite struct PatternTests {
        private func matched(_ pattern: String, _ text: String, from: Int = 0) throws -> [String?]? {
            let compiled = try Pattern(pattern)
            let matcher = PatternMatcher(compiled)
            let bytes = Array(text.utf8)
            guard bytes.withUnsafeBytes({ matcher.match($0, from: from) }) == .matched else { return nil }
            return (0...compiled.captureCount).map { matcher.range(of: $0).map { String(decoding: bytes[$0], as: UTF8.self) } }
        }

        @Test func `groups that took no part are nil and empty ones are empty`() throws {
            #expect(try matched("(a)|(b)(x?)", "zb") == ["b", nil, "b", ""])
            #expect(try matched("c", "zb") == nil)
            #expect(try matched("^$", "") == [""])
        }

        @Test func `a match starts where it is told and sees what is before`() throws {
            #expect(try matched("(?<=a)b", "abab", from: 1) == ["b"])
            #expect(try matched("^a", "aa", from: 1) == nil)
            #expect(try matched("x", "abc", from: 9) == nil)
        }

        @Test func `names of groups are known in order of their numbers`() throws {
            let pattern = try Pattern("(?<b>x)(y)(?<a>z)")
            #expect(pattern.groups == [.init(name: "b", number: 1), .init(name: "a", number: 3)])
            #expect(pattern.number(ofGroup: "a") == 3)
            #expect(pattern.captureCount == 3)
        }

        @Test func `text is matched by characters and bytes that are not UTF-8 do not stop it`() throws {
            #expect(try matched("^(.)(.)$", "ü中") == ["ü中", "ü", "中"])
            let matcher = PatternMatcher(try Pattern("b.d"))
            let bytes: [UInt8] = [0xFF, 0x62, 0x63, 0x64, 0xC3]
            #expect(bytes.withUnsafeBytes { matcher.match($0) } == .matched)
            #expect(matcher.range(of: 0) == 1..<4)
        }

        @Test(arguments: [
            "ä?x", "(?m)^.{3}$", "[^a]+", "(?i)ÄB", #"\p{L}+"#, #"\x{e4}"#, #"\w+"#, "(?i)k", #"(?m)^\S+$"#, #"\bx"#, "a|ä", ".",
        ])
        func `ASCII and other text are matched by the same rules`(pattern: String) throws {
            let compiled = try Pattern(pattern)
            for text in ["abc", "äbc", "x", "äx", "ÄB", "äb", "k\u{212A}", "", "a\u{e4}", "\u{7f}", "x y", "日本語"] {
                let fast = try matched(pattern, text)
                // Behind a character that is not ASCII the other code matches.
                let bytes = Array("ö\n".utf8) + Array(text.utf8)
                let matcher = PatternMatcher(compiled)
                let outcome = bytes.withUnsafeBytes { matcher.match($0, from: 3) }
                #expect((outcome == .matched) == (fast != nil), "\(text)")
                if let fast, outcome == .matched {
                    #expect(matcher.range(of: 0).map { String(decoding: bytes[$0], as: UTF8.self) } == fast[0], "\(text)")
                }
            }
        }

        @Test func `a pattern that does not compile says where`() {
            #expect(
                throws: PatternError(
                    "regular expression `a(b` does not compile: missing closing parenthesis (at byte 3)", offset: 3)
            ) { try Pattern("a(b") }
        }

        @Test(arguments: ["(a+)+$", "(a|a)*$", "(.*)*x", "(?:a?){60}a{60}$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
        func `no pattern runs for ever`(pattern: String) throws {
            let matcher = PatternMatcher(try Pattern(pattern))
            let text = [UInt8](repeating: 0x61, count: 50_000) + [0x21]
            let start = ContinuousClock.now
            #expect(text.withUnsafeBytes { matcher.match($0) } != .matched)
            #expect(ContinuousClock.now - start < .seconds(2))
        }
    }
#endif
