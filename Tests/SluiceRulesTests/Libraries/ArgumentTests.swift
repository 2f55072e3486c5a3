import Testing

@testable import SluiceRules

@Suite struct ArgumentTests {
    private let call = LibraryBench()

    @Test func `a missing argument is told from nil`() {
        #expect(call.failure("ip.contains", "10.0.0.0/8") == "bad argument #2 to 'ip.contains' (string expected, got no value)")
        #expect(call.failure("ip.contains", nil, "10.0.0.1") == "bad argument #1 to 'ip.contains' (string expected, got nil)")
    }

    @Test func `an argument of a wrong kind is named`() {
        #expect(call.failure("ip.valid", .table("{}")) == "bad argument #1 to 'ip.valid' (string expected, got table)")
        #expect(call.failure("ip.valid", true) == "bad argument #1 to 'ip.valid' (string expected, got boolean)")
        #expect(call.failure("ip.valid", .null) == "bad argument #1 to 'ip.valid' (string expected, got null)")
        #expect(call.failure("ip.valid", .unix(0)) == "bad argument #1 to 'ip.valid' (string expected, got timestamp)")
        #expect(call.failure("ip.valid", .other) == "bad argument #1 to 'ip.valid' (string expected, got another kind of value)")
        #expect(call.failure("csv.encode", "a") == "bad argument #1 to 'csv.encode' (table expected, got string)")
    }

    @Test func `numbers pass as text and text of integers as integers, as in Lua`() {
        #expect(call("url.encode", 1.5) == "1.5")
        #expect(call("url.encode", -3) == "-3")
        #expect(call("ip.from_integer", "16909060") == "1.2.3.4")
        #expect(call("ip.from_integer", 16909060.0) == "1.2.3.4")
        #expect(
            call.failure("ip.from_integer", 1.5) == "bad argument #1 to 'ip.from_integer' (number has no integer representation)")
        #expect(call.failure("ip.from_integer", "x") == "bad argument #1 to 'ip.from_integer' (integer expected, got string)")
    }

    @Test func `methods count their arguments without the timestamp`() {
        #expect(
            call.failure("timestamp:format", 5)
                == "calling 'timestamp:format' on bad self (timestamp expected, got number)")
        #expect(
            call.failure("timestamp:format", .unix(0), true)
                == "bad argument #1 to 'timestamp:format' (string expected, got boolean)")
    }

    @Test func `further arguments than a function knows are ignored, as in Lua`() {
        #expect(call("ip.valid", "10.0.0.1", true, .other) == true)
    }

    @Test func `every function has a name of its own, a sentence and an example`() {
        let functions = HostRegistry.functions
        #expect(Set(functions.map(\.fullName)).count == functions.count)
        for function in functions where !function.isHidden {
            #expect(function.summary.hasSuffix("."), "\(function.fullName)")
            #expect(!function.example.isEmpty, "\(function.fullName)")
            #expect(function.results.count <= HostCall.resultsMax, "\(function.fullName)")
        }
    }
}
