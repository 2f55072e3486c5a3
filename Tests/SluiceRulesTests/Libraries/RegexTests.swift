import Testing

@testable import SluiceRules

@Suite struct RegexTests {
    private let call = LibraryBench()

    #if Regex
        @Test func `match answers groups or the whole match, like string.match`() {
            #expect(call.all("re.match", "for bob from 10.0.0.1", #"for (\S+) from (\S+)"#) == ["bob", "10.0.0.1"])
            #expect(call.all("re.match", "took 15ms", #"\d+ms"#) == ["15ms"])
            #expect(call.all("re.match", "b", "(a)?(b)") == [nil, "b"])
            #expect(call.all("re.match", "b", "(a)") == [nil])
            #expect(call.all("re.match", "", "^$") == [""])
            #expect(call.all("re.match", "aXbX", "X.?", 3) == ["X"])
            #expect(call.all("re.match", "abc", "c", -1) == ["c"])
            #expect(call.all("re.match", "abc", "c", 5) == [nil])
            #expect(
                call.failure("re.match", "x", "(.)(.)(.)(.)(.)(.)(.)(.)(.)")
                    == "bad argument #2 to 're.match' (at most 8 groups expected, got 9; name them and use `re.capture`)")
        }

        @Test func `find answers the place and the groups`() {
            #expect(call.all("re.find", "took 15ms", #"(\d+)(m?s)"#) == [6, 9, "15", "ms"])
            #expect(call.all("re.find", "abc", "$") == [4, 3])
            #expect(call.all("re.find", "abc", "x") == [nil])
        }

        @Test func `test says whether anything matches`() {
            #expect(call("re.test", "Kernel PANIC", "(?i)panic") == true)
            #expect(call("re.test", "Kernel", "panic") == false)
            #expect(call("re.test", .text([0xFF, 0x61, 0xFE]), "a") == true)
        }

        @Test func `named groups come as a table`() {
            #expect(
                call("re.capture", "bob@x.org", #"(?<user>\w+)@(?<domain>[\w.]+)(?<port>:\d+)?"#)
                    == .table(#"{"user":"bob","domain":"x.org"}"#))
            #expect(call("re.capture", "-", #"(?<user>\w+)"#) == nil)
            #expect(
                call.failure("re.capture", "a", "(a)")
                    == "bad argument #2 to 're.capture' (pattern with named groups `(?<name>…)` expected)")
        }

        @Test func `all and split go through a text`() {
            #expect(call("re.all", "a1b22", #"\d+"#) == .table(#"["1","22"]"#))
            #expect(call("re.all", "a=1 b=2", #"(\w)=\d"#) == .table(#"["a","b"]"#))
            #expect(call("re.all", "aé", "") == .table(#"["","",""]"#))
            #expect(call("re.all", "x", "y") == .table("[]"))
            #expect(call("re.split", "a, b;c", #"\s*[,;]\s*"#) == .table(#"["a","b","c"]"#))
            #expect(call("re.split", ",a,", ",") == .table(#"["","a",""]"#))
            #expect(call("re.split", "a,b,c", ",", 2) == .table(#"["a","b,c"]"#))
            #expect(call("re.split", "ab", "") == .table(#"["ab"]"#))
            #expect(call("re.split", "", ",") == .table(#"[""]"#))
        }

        @Test func `gsub replaces with groups`() {
            #expect(
                call.all("re.gsub", "password=x1 password=y2", #"(password=)\S+"#, "$1***") == ["password=*** password=***", 2])
            #expect(call.all("re.gsub", "a-b", #"(?<l>\w)-(?<r>\w)"#, "${r}-${l} $0 $$") == ["b-a a-b $", 1])
            #expect(call.all("re.gsub", "aaa", "a", "b", 2) == ["bba", 2])
            #expect(call.all("re.gsub", "aaa", "a", "b", 0) == ["aaa", 0])
            #expect(call.all("re.gsub", "ab", "", "-") == ["-a-b-", 3])
            #expect(call.all("re.gsub", "é", "x*", "-") == ["-é-", 2])
            #expect(call.all("re.gsub", "b", "(a)?b", "[${1}]") == ["[]", 1])
            #expect(call.failure("re.gsub", "a", "a", "$2") == "bad argument #3 to 're.gsub' (pattern has no group `2`)")
            #expect(call.failure("re.gsub", "a", "a", "${x}") == "bad argument #3 to 're.gsub' (pattern has no group `x`)")
            #expect(
                call.failure("re.gsub", "a", "a", "$") == "bad argument #3 to 're.gsub' (a `$` stands at the end; write `$$`)")
            #expect(
                call.failure("re.gsub", "a", "a", "$x")
                    == "bad argument #3 to 're.gsub' (group such as `$1` or `${name}` expected behind `$`)")
        }

        @Test func `a pattern that runs for ever is an error of the event`() {
            let text = RuleValue.string(String(repeating: "a", count: 60) + "!")
            let message = call.failure("re.test", text, "^(a|a|b?a)+$")
            #expect(
                message
                    == "re.test: pattern `^(a|a|b?a)+$` needs more than 1000000 steps for a text of 61 bytes; make its repeats less nested"
            )
        }

        @Test func `a pattern that does not compile says where`() {
            #expect(
                call.failure("re.test", "a", "(a")?.hasPrefix(
                    "bad argument #2 to 're.test' (regular expression `(a` does not compile: ") == true)
        }

        @Test func `grok finds fields and makes numbers`() {
            #expect(
                call(
                    "grok.match", "10.0.0.1 GET 15 0.043",
                    "%{IP:client} %{WORD:method} %{NUMBER:bytes:int} %{NUMBER:seconds:float}")
                    == .table(#"{"client":"10.0.0.1","method":"GET","bytes":15,"seconds":0.043}"#))
            #expect(call("grok.match", "x", "^%{IP:client}$") == nil)
            #expect(call("grok.match", "id=A7", "id=%{ID:id}", .table(#"{"ID":"[A-Z]\\d"}"#)) == .table(#"{"id":"A7"}"#))
            #expect(call("grok.match", "id=A7", "id=(?<id>%{ID})", .table(#"{"ID":"[A-Z]\\d"}"#)) == .table(#"{"id":"A7"}"#))
            #expect(
                call.failure("grok.match", "x", "%{IPP:a}")
                    == "bad argument #2 to 'grok.match' (unknown grok pattern `IPP`; did you mean `IP`?)")
        }

        @Test func `many patterns do not grow the cache, and each is found again`() {
            for round in 0..<3 {
                for index in 0..<600 {
                    #expect(call("re.test", .string("n\(index)"), .string("^n\(index)$")) == true, "\(round)")
                }
            }
        }
    #else
        @Test func `without PCRE2 every function says how to get it`() {
            for function in RegexLibrary.functions {
                let arguments = [RuleValue](repeating: "x", count: function.name == "gsub" ? 3 : 2)
                #expect(
                    call.call(function.fullName, arguments).failure
                        == "library `re` is not in this build; build with `--traits Regex` (libpcre2-dev)")
            }
            #expect(
                call.failure("grok.match", "x", "y")
                    == "library `grok` is not in this build; build with `--traits Regex` (libpcre2-dev)")
        }
    #endif
}
