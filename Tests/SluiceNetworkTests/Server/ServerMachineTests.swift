import NIOCore
import Testing

@testable import SluiceNetwork

struct ServerMachineTests {
    @Test func `a pause after a failed accept grows, is told once, and is forgotten when one works`() {
        var pause = AcceptPause()
        let steps = [
            pause.succeeded() ? "works again" : "works", tell(pause.failed()), tell(pause.failed()), tell(pause.failed()),
            tell(pause.failed()),
            tell(pause.failed()), tell(pause.failed()), tell(pause.failed()), tell(pause.failed()),
            pause.succeeded() ? "works again" : "works", pause.succeeded() ? "works again" : "works", tell(pause.failed()),
        ]
        #expect(
            steps == [
                "works", "50 ms, new", "100 ms", "200 ms", "400 ms", "800 ms", "1600 ms", "2000 ms", "2000 ms", "works again", "works",
                "50 ms, new",
            ])
    }

    private func tell(_ failure: (milliseconds: Int64, isNews: Bool)) -> String {
        "\(failure.milliseconds) ms\(failure.isNews ? ", new" : "")"
    }

    @Test func `the time of silence stands still while the loop does`() {
        let clock = SweepClock(intervalNs: 10, at: 100)
        #expect(clock.now == 0)
        #expect(clock.coming == 10)
        clock.tick(at: 110)
        #expect(clock.now == 10)
        // An output was down for a long time.
        clock.tick(at: 5_000)
        #expect(clock.now == 30)
        clock.tick(at: 4_000)
        #expect(clock.now == 30)
        // Without connections nobody sweeps.
        clock.skip(to: 9_000)
        clock.tick(at: 9_010)
        #expect(clock.now == 40)
    }

    @Test func `notices beyond so many in a while are counted`() {
        var rate = NoticeRate()
        func take(_ times: Int, at time: Int64) -> [Int] {
            (0..<times).map { _ in
                let (isShown, hidden) = rate.take(at: time)
                return isShown ? hidden : -1
            }
        }
        let most = NoticeRate.noticesMax
        let window = NoticeRate.windowNs
        #expect(take(most + 7, at: 5) == [Int](repeating: 0, count: most) + [Int](repeating: -1, count: 7))
        let early = rate.takeHidden(at: 7)
        #expect(early == 0)
        #expect(take(most + 1, at: 5 + window) == [7] + [Int](repeating: 0, count: most - 1) + [-1])
        let late = [rate.takeHidden(at: 5 + 2 * window), rate.takeHidden(at: 5 + 2 * window)]
        #expect(late == [1, 0])
    }

    @Test func `the table counts connections and those of each peer`() throws {
        var limits = ConnectionLimits()
        limits.connectionsMax = 3
        limits.connectionsPerPeerMax = 2
        var table = ConnectionTable(limits)
        let (one, two) = (try #require(IPAddress("192.0.2.1")), try #require(IPAddress("192.0.2.2")))
        let all = (0..<4).map { _ in table.admit() }
        #expect(all == [nil, nil, nil, .tooMany])
        table.release()
        let again = table.admit()
        #expect(again == nil)
        let ofOne = (0..<3).map { _ in table.admit(one) }
        #expect(ofOne == [nil, nil, .tooManyOfPeer])
        let ofTwo = table.admit(two)
        #expect(ofTwo == nil)
        // Unix sockets have no peer to count by.
        let local = (0..<5).map { _ in table.admit(nil) }
        #expect(local == [nil, nil, nil, nil, nil])
        table.release(one)
        let oneAgain = [table.admit(one), table.admit(one)]
        #expect(oneAgain == [nil, .tooManyOfPeer])
        table.release(two)
        table.release(two)
        let twoAgain = (0..<3).map { _ in table.admit(two) }
        #expect(twoAgain == [nil, nil, .tooManyOfPeer])
    }

    @Test func `receive buffers grow with what comes and are never kept`() {
        var pool = NIOPooledRecvBufferAllocator(capacity: 1, recvAllocator: ReceiveBuffers())
        /// Reads that fill the buffer, or bring so much: the capacity of each.
        func read(_ times: Int, bytes: Int?) -> [Int] {
            (0..<times).map { _ in
                let (buffer, count) = pool.buffer(allocator: .init()) { buffer in
                    buffer.writeRepeatingByte(0x41, count: bytes ?? buffer.capacity)
                    return bytes ?? buffer.capacity
                }
                pool.record(actualReadBytes: count)
                return buffer.capacity
            }
        }
        #expect(read(9, bytes: nil) == [512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 65_536])
        #expect(read(20, bytes: 10).last == 512)
        #expect(pool.count == 1)
        // The one that is kept is the first.
        pool.recvAllocator = FixedSizeRecvByteBufferAllocator(capacity: 1)
        let (buffer, _) = pool.buffer(allocator: .init()) { _ in 0 }
        #expect(buffer.capacity == 512)
    }
}
