import Glibc
import SluiceComponent
import Testing

@testable import SluiceStore

/// What durability costs, printed when `SLUICE_COST` is set; a number is no promise on somebody else's machine.
@Suite(.serialized, .enabled(if: getenv("SLUICE_COST") != nil)) struct StoreCostTests {
    let folder = TemporaryFolder()

    private func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Processor and wall-clock microseconds of each of `count` calls.
    private func measure(_ what: String, _ count: Int, _ body: (Int) throws -> Void) rethrows {
        let (processor, wall) = (seconds(CLOCK_PROCESS_CPUTIME_ID), seconds(CLOCK_MONOTONIC))
        for index in 0..<count { try body(index) }
        let each = 1e6 / Double(count)
        let used = ((seconds(CLOCK_PROCESS_CPUTIME_ID) - processor) * each, (seconds(CLOCK_MONOTONIC) - wall) * each)
        print("\(what): \(Int(used.0)) µs processor, \(Int(used.1)) µs in all")
    }

    @Test func `checkpoints`() throws {
        let store = try Store(folder: folder.path)
        try measure("checkpoint of 3 positions", 5_000) { index in
            let moved = (0..<3).map {
                InputPosition(input: "nginx", position: Position(key: "dev 64 inode \($0)", value: "{\"offset\":\(index * 1_000)}"))
            }
            _ = try store.write(Checkpoint(positions: moved))
        }
        try measure("checkpoint of 1 state of 64 KiB", 500) { index in
            let state = RuleState(rule: "r", lane: 0, version: 1, bytes: [UInt8](repeating: UInt8(index & 255), count: 64 << 10))
            _ = try store.write(Checkpoint(states: [state]))
        }
        try measure("checkpoint of 1 letter, durable", 500) { index in
            _ = try store.write(Checkpoint(letters: [DeadLetterTests.letter(index, bytes: 400)]))
        }
        let letters = (0..<100).map { DeadLetterTests.letter($0, bytes: 400) }
        try measure("checkpoint of 100 letters, durable", 200) { _ in _ = try store.write(Checkpoint(letters: letters)) }
        try measure("page of 100 letters", 200) { _ in
            var query = DeadLetterQuery()
            query.limit = 100
            _ = try store.letters(query)
        }
        try store.close()
    }

    @Test func `buffers`() throws {
        for isDurable in [false, true] {
            for kibibytes in [1, 16, 256] {
                let buffer = try DiskBuffer(path: folder("\(isDurable)\(kibibytes).db"), bytesMax: 1 << 30, isDurable: isDurable)
                let parcel = Parcel.make([(nil, String(repeating: "x", count: kibibytes << 10), 100)])
                let count = isDurable ? 200 : 2_000
                try measure("\(kibibytes) KiB in and out, durable \(isDurable)", count) { _ in
                    _ = try buffer.append([parcel], time: 0)
                    let peeked = try buffer.peek(bytes: 1)
                    try buffer.remove(through: peeked[0].id)
                }
                try measure("\(kibibytes) KiB in, durable \(isDurable)", count) { _ in _ = try buffer.append([parcel], time: 0) }
                try measure("\(kibibytes) KiB out, durable \(isDurable)", count) { _ in
                    try buffer.remove(through: buffer.peek(bytes: 1)[0].id)
                }
                print("file \(TemporaryFolder.size(buffer.file.path) >> 10) KiB")
                try buffer.close()
            }
        }
    }
}
