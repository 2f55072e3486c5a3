import SluiceEngine
import Testing

@Suite struct LedgerTests {
    @Test func `what has no bucket yet is in flight`() {
        var ledger = Ledger()
        ledger.received = 5
        ledger.emitted = 2
        ledger.delivered = 3
        ledger.dropped = 1
        #expect(ledger.inFlight == 3)
    }
}
