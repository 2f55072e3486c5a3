import Testing

@testable import SluiceRules

@Suite struct HostFuzzTests {
    private static let texts = [
        "", "a", "10.0.0.0/8", "::1", "60s", "%Y-%m-%d %H:%M:%S", "2026-01-31T22:14:15Z", "a=b c=\"d", "a,\"b",
        "http://u:p@h:1/p?q#f",
        "Europe/Berlin", "%", "%{IP:a}", "(a)|b", "$1${x}", "hex", "ms", "\u{0}", "é", "=", " ", "Zm9v", "9999999999999999999",
        "1e5",
    ]
    private static let tables = [
        "{}", "[]", #"["10.0.0.0/8","x"]"#, #"{"a":"b","c":[1,null,{"d":"\u00e9\ud83d\ude00\ud800"}]}"#, "[1,2.5,true]", "{",
        "[1", "\"",
        "", #"{"a"}"#, #"{"a":}"#, "[[[[[[]]]]]]", "{\"\\", "[\"\\u00",
    ]

    @Test func `no arguments crash a function, and each answer is whole`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = RandomSource(seed: seed)
        let call = LibraryBench()
        let callable = HostRegistry.functions
        for round in 0..<40_000 {
            let function = callable[Int.random(in: 0..<callable.count, using: &random)]
            call.context.now = Int64.random(in: -1_000_000_000 ... .max, using: &random)
            call.context.isLoading = random.next() & 1 == 0
            let count = Int.random(in: 0...4, using: &random)
            let arguments = (0..<count).map { index in
                // Mostly what the parameter takes, so that the function itself is reached.
                let wanted = index < function.parameters.count ? function.parameters[index].kinds : .any
                return value(random.next() % 4 == 0 ? .any : wanted, &random)
            }
            let answer = call.call(function.fullName, arguments)
            #expect(answer.failure != "", "seed \(seed), round \(round), \(function.fullName) \(arguments)")
        }
    }

    private func value(_ kinds: HostKind, _ random: inout RandomSource) -> RuleValue {
        var choices: [RuleValue] = []
        if kinds.contains(.string) {
            choices.append(.string(Self.texts.randomElement(using: &random)!))
            choices.append(
                .text((0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }))
            choices.append(.string(Self.texts.randomElement(using: &random)! + Self.texts.randomElement(using: &random)!))
        }
        if kinds.contains(.integer) {
            choices.append(.integer([0, 1, 24, 128, -1, .max, .min].randomElement(using: &random)!))
        }
        if kinds.contains(.number) {
            choices.append(.float([0, 0.5, -1, 1e300, .infinity, .nan, -.infinity, 9.3e18].randomElement(using: &random)!))
        }
        if kinds.contains(.boolean) { choices.append(.boolean(random.next() & 1 == 0)) }
        if kinds.contains(.table) { choices.append(.table(Self.tables.randomElement(using: &random)!)) }
        if kinds.contains(.timestamp) {
            let moment = [0, .max, .min, Int64(bitPattern: random.next())].randomElement(using: &random)!
            let detail = Timestamp.detail(
                digits: Int.random(in: 0...9, using: &random), offsetMinutes: Int.random(in: -900...900, using: &random))
            choices.append(.time(Timestamp(nanoseconds: moment, detail: detail)))
        }
        if kinds.contains(.null) { choices += [.null, .other, nil] }
        return choices.randomElement(using: &random) ?? nil
    }
}
