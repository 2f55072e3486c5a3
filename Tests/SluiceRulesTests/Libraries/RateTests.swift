import CSluice
import Testing

@testable import SluiceRules

@Suite struct RateTests {
    private let call = LibraryBench()
    private let second: Int64 = 1_000_000_000

    @Test func `dedup lets one of a key through in each window`() {
        call.context.now = 100 * second
        #expect(call("dedup", "k", "60s") == false)
        call.context.now += 59 * second
        #expect(call("dedup", "k", "60s") == true)
        #expect(call("dedup", "other", "60s") == false)
        // The window began with the event that was let through, not with its last repeat.
        call.context.now += second
        #expect(call("dedup", "k", "60s") == false)
        #expect(call("dedup", "k", 60) == true)
        #expect(call("dedup", "k", 60.0) == true)
    }

    @Test func `a repeat marks the event and a first one does not`() {
        #expect(call.call("dedup", ["k", "60s"]).mark == 0)
        #expect(call.call("dedup", ["k", "60s"]).mark == SL_DEDUPLICATED)
        #expect(call.call("throttle", ["k", 1, "1s"]).mark == 0)
        #expect(call.call("throttle", ["k", 1, "1s"]).mark == SL_THROTTLED)
        #expect(call.call("sample", [2]).mark == 0)
        #expect(call.call("sample", [2]).mark == SL_SAMPLED)
    }

    @Test func `throttle lets n of a key through in each window`() {
        call.context.now = 5 * second
        #expect((0..<5).map { _ in call("throttle", "k", 3, "1s") } == [false, false, false, true, true])
        #expect(call("throttle", "other", 3, "1s") == false)
        call.context.now += second - 1
        #expect(call("throttle", "k", 3, "1s") == true)
        call.context.now += 1
        #expect((0..<4).map { _ in call("throttle", "k", 3, "1s") } == [false, false, false, true])
    }

    @Test func `sample keeps the first and then each n-th`() {
        #expect((0..<6).map { _ in call("sample", 3) } == [true, false, false, true, false, false])
        #expect((0..<3).map { _ in call("sample", 1) } == [true, true, true])
        #expect((0..<3).map { _ in call("sample", 3, "a") } == [true, false, false])
        #expect((0..<3).map { _ in call("sample", 3, "b") } == [true, false, false])
    }

    @Test func `each rule has its own memory`() {
        call.context.add(HostRule(name: "second", folder: "/nonexistent"))
        #expect(call("dedup", "k", "60s") == false)
        call.rule = 1
        #expect(call("dedup", "k", "60s") == false)
        #expect(call("dedup", "k", "60s") == true)
    }

    @Test func `arguments that make no sense are errors`() {
        #expect(call.failure("dedup", "k", "6x") == "bad argument #2 to 'dedup' (duration such as `60s` expected, got `6x`)")
        #expect(call.failure("dedup", "k", 0) == "bad argument #2 to 'dedup' (duration such as `60s` expected, got 0.0)")
        #expect(call.failure("throttle", "k", 0, "1s") == "bad argument #2 to 'throttle' (number from 1 expected, got 0)")
        #expect(call.failure("sample", 0) == "bad argument #1 to 'sample' (number from 1 expected, got 0)")
        #expect(call.failure("sample", "x") == "bad argument #1 to 'sample' (integer expected, got string)")
        #expect(call.failure("dedup", nil, "1s") == "bad argument #1 to 'dedup' (string expected, got nil)")
    }

    @Test func `the oldest keys go first, and that is counted`() {
        let store = KeyStore(limit: 100)
        func seen(_ key: Int) -> Bool { !Array("\(key)".utf8).withUnsafeBytes { store.entry(KeyHash($0, salt: 0)).isNew } }
        for key in 0..<100 { #expect(!seen(key)) }
        #expect(store.count == 100 && store.evictedCount == 0)
        Array("0".utf8).withUnsafeBytes { store.renew(store.entry(KeyHash($0, salt: 0)).entry) }
        #expect(!seen(100))
        #expect(seen(0))
        #expect(store.evictedCount == 1 && store.count == 100)
        #expect(!seen(1))
    }

    @Test func `a store agrees with a dictionary over many keys`() {
        let store = KeyStore(limit: 700)
        var order: [Int] = []
        var random = RandomSource(seed: 3)
        for _ in 0..<20_000 {
            let key = Int.random(in: 0..<1_000, using: &random)
            let (entry, isNew) = Array("\(key)".utf8).withUnsafeBytes { store.entry(KeyHash($0, salt: 9)) }
            #expect(isNew == !order.contains(key))
            if isNew || key % 3 == 0 {
                store.renew(entry)
                order.removeAll { $0 == key }
                order.append(key)
                if order.count > 700 { order.removeFirst() }
            }
        }
        #expect(store.count == 700)
    }

    @Test func `a hundred thousand keys a store and not one more`() {
        for key in 0..<100_050 { _ = call.call("dedup", [.string("key \(key)"), "1h"]) }
        let store = call.context.rules[0].memory.dedup
        #expect(store.count == KeyStore.keysMax)
        #expect(store.evictedCount == 50)
    }
}
