import CAllocationCount
import Logging
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceNetwork
import Testing

@testable import SluiceInputs

/// A session that gives one batch again and again, counts events, and allocates nothing itself.
private final class CountingSession: InputSession, @unchecked Sendable {
    // SAFETY: the test uses it from one thread.
    let name = "test"
    let stop = StopFlag()
    let now: Int64 = 1_700_000_000_000_000_000
    let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let positions: [String: Position] = [:]
    let isRecovering = false
    let lanes = 1
    let isCongested = false
    var events = 0
    private let box = BatchBox()

    func takeBatch() -> BatchBox? { box }

    func send(_ batch: BatchBox, stream: UInt64, bytes: Int, positions: [Position]) -> Bool {
        events += batch.events.count
        batch.events.clear()
        return true
    }

    func giveBack(_ batch: BatchBox) {}
    func whenConfirmed(_ body: @escaping @Sendable (Bool) -> Void) { body(true) }
    func refuse(_ raw: UnsafeRawBufferPointer, reason: String) {}
    func count(_ counter: InputCounter, _ more: Int) {}
}

@Suite struct DatagramAllocationTests {
    @Test(arguments: [("udp://127.0.0.1:0", "utf-8"), ("udp://127.0.0.1:0", "gbk"), ("unixgram:", "utf-8")])
    func `no datagram costs an allocation`(_ address: String, _ charset: String) throws {
        let folder = TemporaryFolder()
        let setting = try listeningSetting(
            .syslog,
            [
                ("listen", .text(address == "unixgram:" ? "unixgram:\(folder.path)/log" : address)), ("charset", .text(charset)),
                ("allow", .text("127.0.0.0/8")), ("rate_limit", .text("1000000")),
            ])
        let session = CountingSession()
        let socket = try #require(try DatagramSocket.bindAll(setting.listen, count: 1, log: session.log).first)
        defer { socket.remove() }
        let intake = DatagramIntake(
            socket, setting, rates: PeerRates(perSecond: 1_000_000), drops: DropReport(socket, log: session.log), session: session)
        let sender = try DatagramSender(socket.address)
        let message = Array("<13>Oct 11 22:14:15 web1 app[7]: g\u{FC}nstig and long enough for a line\0".utf8)
        func receive(_ count: Int) -> UInt64 {
            var allocations: UInt64 = 0
            for _ in 0..<20 {
                // A Unix socket holds few at once.
                for _ in 0..<count { sender.send(message) }
                // Right behind a batch the next one would wait for more.
                let due = MonotonicClock.now + LaneBatches.pauseNs
                while MonotonicClock.now < due {}
                let before = allocation_count()
                intake.receiveAll()
                allocations += allocation_count() - before
            }
            return allocations
        }
        #expect(receive(8) > 0, "the counter is not there")
        // What a call costs is the same for few and for many (nothing but in a debug build).
        #expect(receive(8) == receive(2))
        #expect(session.events == 20 * 18)
    }
}
