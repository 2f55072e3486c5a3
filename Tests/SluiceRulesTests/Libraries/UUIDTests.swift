import Testing

@testable import SluiceRules

@Suite struct UUIDTests {
    private let call = LibraryBench()

    @Test func `identifiers have the form of RFC 9562`() {
        call.context.now = 1_645_557_742_000_000_000
        for version in ["4", "7"] {
            let text = Array(call("uuid.v" + version).string ?? "")
            #expect(text.count == 36)
            #expect([8, 13, 18, 23].allSatisfy { text[$0] == "-" })
            #expect(text[14] == Character(version))
            #expect("89ab".contains(text[19]))
            #expect(text.filter { $0 != "-" }.allSatisfy { "0123456789abcdef".contains($0) })
        }
        // The time of RFC 9562's example.
        #expect(call("uuid.v7").string?.hasPrefix("017f22e2-79b0-7") == true)
    }

    @Test func `identifiers of version 7 sort in the order of the calls`() {
        call.context.now = 1_645_557_742_000_000_000
        var last = ""
        for round in 0..<20_000 {
            let text = call("uuid.v7").string ?? ""
            #expect(text > last)
            last = text
            if round % 1_000 == 0 { call.context.now += 1_000_000 }
        }
    }

    @Test func `no two identifiers are the same, and a seed repeats them`() {
        #expect(Set((0..<1_000).map { _ in call("uuid.v4").string }).count == 1_000)
        let seeded = (0..<2).map { _ in LibraryBench(HostContext(random: RandomSource(seed: 1)))("uuid.v4") }
        #expect(seeded[0] == seeded[1])
    }
}
