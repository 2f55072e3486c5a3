import Testing

@testable import SluiceInputs

@Suite struct DropCounterTests {
    @Test func `each drop is counted once, however often the counter is read`() {
        var counter = DropCounter()
        #expect([0, 3, 3, 10, 10].map { counter.read($0) } == [0, 3, 0, 7, 0])
    }

    @Test func `what a datagram says later than the socket counts nothing again`() {
        var counter = DropCounter()
        #expect(counter.read(100) == 100)
        #expect(counter.read(40) == 0)
        #expect(counter.read(99) == 0)
        #expect(counter.read(101) == 1)
    }

    @Test func `the counter starts over behind 32 bits`() {
        var counter = DropCounter(from: .max - 2)
        #expect(counter.read(.max) == 2)
        #expect(counter.read(4) == 5)
        #expect(counter.read(.max) == 0)
        #expect(counter.read(5) == 1)
    }

    @Test func `a counter begins where its socket stands`() {
        var counter = DropCounter(from: 1_000)
        #expect(counter.read(1_000) == 0)
        #expect(counter.read(1_001) == 1)
    }
}
