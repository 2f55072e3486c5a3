import SluiceNetwork
import Testing

@testable import SluiceInputs

@Suite struct PeerRatesTests {
    static let second: Int64 = 1_000_000_000

    func key(_ number: Int) -> EventSender.Key { .process(Int32(number)) }

    @Test func `a peer may send a second's worth at once, then what the rate gives`() {
        let rates = PeerRates(perSecond: 100)
        #expect(rates.admit(60, of: key(1), at: 0) == 60)
        #expect(rates.admit(60, of: key(1), at: 0) == 40)
        #expect(rates.admit(1, of: key(1), at: 0) == 0)
        #expect(rates.admit(100, of: key(1), at: Self.second / 10) == 10)
        #expect(rates.admit(1_000, of: key(1), at: 100 * Self.second) == 100)
    }

    @Test func `peers do not take from one another`() throws {
        let rates = PeerRates(perSecond: 5)
        #expect(rates.admit(9, of: key(1), at: 0) == 5)
        #expect(rates.admit(3, of: .address(try #require(IPAddress("192.0.2.1"))), at: 0) == 3)
        #expect(rates.admit(9, of: .unknown, at: 0) == 5)
        #expect(rates.peerCount == 3)
    }

    @Test func `a rate that one token a nanosecond would not meet passes everything a second has room for`() {
        let rates = PeerRates(perSecond: 1_000_000_000)
        #expect(rates.admit(1_000_000, of: key(1), at: 0) == 1_000_000)
    }

    @Test func `time that stands still or goes back gives nothing`() {
        let rates = PeerRates(perSecond: 10)
        #expect(rates.admit(10, of: key(1), at: 5 * Self.second) == 10)
        #expect(rates.admit(10, of: key(1), at: 4 * Self.second) == 0)
        #expect(rates.admit(10, of: key(1), at: 5 * Self.second) == 0)
    }

    @Test func `peers over the bound share one bucket until others are forgotten`() {
        let rates = PeerRates(perSecond: 10, peersMax: 3)
        for number in 1...3 { #expect(rates.admit(10, of: key(number), at: 0) == 10) }
        #expect(rates.admit(6, of: key(4), at: 0) == 6)
        #expect(rates.admit(6, of: key(5), at: 0) == 4)
        #expect(rates.peerCount == 3)
        // The known ones have been silent for so long that forgetting them changes nothing.
        #expect(rates.admit(1, of: key(3), at: Self.second) == 1)
        #expect(rates.admit(10, of: key(6), at: Self.second) == 10)
        #expect(rates.peerCount == 2)
        #expect(rates.admit(100, of: key(3), at: Self.second) == 9)
    }
}
