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
