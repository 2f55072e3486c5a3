import Testing

@testable import SluiceRules

@Suite struct PairsAndRowsTests {
    private let call = LibraryBench()

    @Test(arguments: [
        ("a,b,c", #"["a","b","c"]"#), ("", #"[""]"#), (",", #"["",""]"#), (#""a,b",c"#, #"["a,b","c"]"#),
        (#""say ""hi""",x"#, #"["say \"hi\"","x"]"#), ("a,b\r\n", #"["a","b"]"#),
        ("\"two\nlines\",x", #"["two\u000alines","x"]"#),
        (#"a"b,c"#, #"["a\"b","c"]"#), (#""a"b,c"#, #"["ab","c"]"#), (#"" ","#, #"[" ",""]"#),
    ])
    func `a row comes apart as RFC 4180 says`(_ row: String, _ fields: String) {
        #expect(call("csv.parse", .string(row)) == .table(fields))
    }

    @Test func `a row takes a delimiter and names`() {
        #expect(call("csv.parse", "a;b,c", ";") == .table(#"["a","b,c"]"#))
        #expect(call("csv.parse", "1,2,3", nil, .table(#"["x","y"]"#)) == .table(#"{"x":"1","y":"2"}"#))
        #expect(call("csv.parse", "1", nil, .table(#"["x","y"]"#)) == .table(#"{"x":"1"}"#))
        #expect(call.all("csv.parse", #""open"#) == [nil, "a quote is not closed"])
        #expect(call.failure("csv.parse", "a", ";;") == "bad argument #2 to 'csv.parse' (one character expected, got `;;`)")
        #expect(
            call.failure("csv.parse", "a", nil, .table("{\"a\":1}"))
                == "bad argument #3 to 'csv.parse' (list of names expected, got a table)")
    }

    @Test func `a row is written with quotes where needed`() {
        #expect(
            call("csv.encode", .table(#"["a","b,c","d\"e","",null,1,2.5,true," x","l\nm"]"#))
                == "a,\"b,c\",\"d\"\"e\",,,1,2.5,true,\" x\",\"l\nm\"")
        #expect(call("csv.encode", .table(#"["a,b","c;d"]"#), ";") == "a,b;\"c;d\"")
        #expect(call("csv.encode", .table("{}")) == "")
        #expect(
            call.failure("csv.encode", .table(#"{"a":1}"#))
                == "bad argument #1 to 'csv.encode' (list expected, got a table with names)")
    }

    @Test func `what was written reads back`() {
        var random = RandomSource(seed: 11)
        let alphabet = Array("ab,\"; \n\r".utf8)
        for _ in 0..<500 {
            let fields = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                String(
                    decoding: (0..<Int.random(in: 0...6, using: &random)).map { _ in alphabet.randomElement(using: &random)! },
                    as: UTF8.self)
            }
            let json = "[" + fields.map { "\"" + $0.flatMap { escaped($0) } + "\"" }.joined(separator: ",") + "]"
            let row = call("csv.encode", .table(json))
            #expect(call("csv.parse", row) == .table(json), "\(fields)")
        }
    }

    private func escaped(_ character: Character) -> String {
        switch character {
        case "\"": "\\\""
        case "\n": "\\u000a"
        case "\r": "\\u000d"
        case "\r\n": "\\u000d\\u000a"
        default: String(character)
        }
    }

    @Test(arguments: [
        (#"a=b c="d e""#, #"{"a":"b","c":"d e"}"#), ("Failed login user=bob ip=1.2.3.4 now", #"{"user":"bob","ip":"1.2.3.4"}"#),
        (#"a='x "y"' b="\"q\" \\ \n""#, #"{"a":"x \"y\"","b":"\"q\" \\ \u000a"}"#), ("a= b=c", #"{"a":"","b":"c"}"#),
        ("a=b=c", #"{"a":"b=c"}"#), ("=x a=1", #"{"a":"1"}"#), ("", "{}"), ("  a=1   b=2  ", #"{"a":"1","b":"2"}"#),
        (#"a="open b=1"#, #"{"a":"\"open","b":"1"}"#), ("a\tb=1", #"{"a\u0009b":"1"}"#),
    ])
    func `pairs are found in a text`(_ text: String, _ values: String) {
        #expect(call("kv.parse", .string(text)) == .table(values))
    }

    @Test func `pairs take other separators`() {
        #expect(call("kv.parse", "a:1|b: 2 |c", "|", ":") == .table(#"{"a":"1","b":"2"}"#))
        #expect(call("kv.parse", "a => 1, b => 2", ",", "=>") == .table(#"{"a":"1","b":"2"}"#))
        #expect(call("kv.parse", "a=1; b=2", ";") == .table(#"{"a":"1","b":"2"}"#))
        #expect(call.failure("kv.parse", "a", "") == "bad argument #2 to 'kv.parse' (a separator is not empty)")
        #expect(
            call.failure("kv.parse", "a", "=", "=") == "bad argument #3 to 'kv.parse' (the separators differ, got `=` for both)")
    }

    @Test func `pairs are written with quotes where needed`() {
        let table = RuleValue.table(#"{"a":"b","c":"d e","f":"","g":1,"h":true,"i":"x\"y\\z","j":"l\nm","k":"=","l":[1]}"#)
        let text = call("kv.encode", table)
        #expect(text == .string(#"a=b c="d e" f="" g=1 h=true i="x\"y\\z" j="l\nm" k="=" l=[1]"#))
        #expect(
            call("kv.parse", text)
                == .table(#"{"a":"b","c":"d e","f":"","g":"1","h":"true","i":"x\"y\\z","j":"l\u000am","k":"=","l":"[1]"}"#))
        #expect(
            call.failure("kv.encode", .table("[1]"))
                == "bad argument #1 to 'kv.encode' (table of names and values expected, got a list)")
    }

    @Test func `bytes that are not UTF-8 stay as they are`() {
        guard case .table = call("kv.parse", .text([0x61, 0x3D, 0xFF, 0x20, 0x62, 0x3D, 0x80])) else {
            Issue.record("no table")
            return
        }
        #expect(call("url.decode", .text([0xFF, 0xFE])) == .text([0xFF, 0xFE]))
    }
}
