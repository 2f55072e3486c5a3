import SluiceComponent
import Testing

@testable import SluiceStore

@Suite struct StoreFaultTests {
    let folder = TemporaryFolder()

    /// All that a store holds.
    private struct Contents: Equatable {
        var positions: [Position]
        var states: [RuleState]
        var letters: [Int64]
        var totals: DeadLetterTotals
        var good: GoodGeneration?

        init(_ store: Store) throws {
            positions = try store.positions(input: "a")
            states = try store.states()
            letters = try store.letters().map { $0.id }
            totals = try store.letterTotals()
            good = try store.lastGood()
        }
    }

    private func checkpoint(_ number: Int, letterBytes: Int = 20_000) -> Checkpoint {
        Checkpoint(
            positions: (0..<3).map { InputPosition(input: "a", position: Position(key: "\($0)", value: "\(number)")) },
            states: [RuleState(rule: "r", lane: 0, version: 1, bytes: [UInt8](repeating: UInt8(number), count: 30_000))],
            letters: (0..<2).map { DeadLetterTests.letter(number * 10 + $0, bytes: letterBytes) })
    }

    @Test func `a full disk refuses a whole checkpoint, and the store goes on when there is room`() throws {
        let store = try Store(folder: folder.path)
        _ = try store.write(checkpoint(1))
        let before = try Contents(store)
        var refused = 0
        for pages in Int64(0)... {
            try store.file.bound(morePages: pages)
            do throws(StoreError) {
                #expect(try store.write(checkpoint(2)) == .written(lettersDropped: 0))
                break
            } catch {
                #expect(
                    error
                        == StoreError(
                            .full,
                            "no room to write `\(folder.path)/sluice.db` (database or disk is full); nothing of this write was kept; free "
                                + "space on its disk and it goes on"))
                #expect(try Contents(store) == before)
                refused += 1
            }
        }
        #expect(refused > 5)
        #expect(try store.positions(input: "a").allSatisfy { $0.value == "2" })
        #expect(try store.letterTotals().count == 4)
        try store.close()
    }

    @Test func `a full disk lets letters be purged`() throws {
        let store = try Store(folder: folder.path)
        _ = try store.write(checkpoint(1))
        try store.file.bound(morePages: 0)
        #expect(throws: StoreError.self) { _ = try store.write(checkpoint(2)) }
        #expect(try store.purgeLetters().count == 2)
        #expect(try store.write(checkpoint(2, letterBytes: 1_000)) == .written(lettersDropped: 0))
        try store.close()
    }

    @Test(arguments: ["checkpoint", "dropping", "removal", "generation"])
    func `a write that breaks off anywhere leaves no half`(_ write: String) throws {
        let store = try Store(folder: folder.path)
        if write == "dropping" { store.letterLimit = DeadLetterLimit(bytesMax: 90_000, whenFull: .dropOldest) }
        for number in 1...2 { _ = try store.write(checkpoint(number)) }
        try store.saveGood(GoodGeneration(number: 1, time: 1, configuration: [1], files: [.init(path: "a.lua", bytes: [1])]))
        let before = try Contents(store)
        var broken = 0
        for looks in 1... {
            try store.file.breakOff(after: looks)
            do throws(StoreError) {
                switch write {
                case "removal": _ = try store.removeLetters([1, 2, 3])
                case "generation":
                    try store.saveGood(GoodGeneration(number: 2, time: 2, configuration: [2], files: [.init(path: "b.lua", bytes: [2])]))
                default: _ = try store.write(checkpoint(3))
                }
                break
            } catch {
                try store.file.breakOffNoMore()
                #expect(try Contents(store) == before)
                broken += 1
            }
        }
        try store.file.breakOffNoMore()
        #expect(broken > 10)
        let after = try Contents(store)
        #expect(after != before)
        #expect(after.totals == DeadLetterTotals(count: after.letters.count, bytes: try store.letters().reduce(0) { $0 + $1.size }))
        try store.close()
    }

    @Test func `wherever the log ends, a checkpoint is there whole or not at all`() throws {
        let store = try Store(folder: folder.path)
        for number in 1...4 { _ = try store.write(checkpoint(number)) }
        let file = try #require(TemporaryFolder.read(folder("sluice.db")))
        let log = try #require(TemporaryFolder.read(folder("sluice.db-wal")))
        var seen: Set<String> = []
        for length in stride(from: log.count, through: 0, by: -3_001) {
            let copy = TemporaryFolder()
            TemporaryFolder.write(file, to: copy("sluice.db"))
            TemporaryFolder.write(log[..<length], to: copy("sluice.db-wal"))
            let rest = try Store(folder: copy.path)
            let contents = try Contents(rest)
            let number = contents.positions.first?.value ?? "0"
            #expect(contents.positions.map { $0.value } == (number == "0" ? [] : [number, number, number]))
            #expect(contents.states.map { $0.bytes[0] } == (number == "0" ? [] : [UInt8(number)]))
            #expect(contents.totals.count == contents.letters.count && contents.letters.count == 2 * (Int(number) ?? -1))
            seen.insert(number)
            try rest.close()
        }
        #expect(seen == ["0", "1", "2", "3", "4"])
        try store.close()
    }

    @Test func `threads share a store`() async throws {
        let store = try Store(folder: folder.path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for input in ["a", "b", "c"] {
                group.addTask {
                    for number in 1...100 {
                        let moved = InputPosition(input: input, position: Position(key: "k", value: "\(number)"))
                        _ = try store.write(Checkpoint(positions: [moved], letters: [DeadLetterTests.letter(number)]))
                        #expect(try store.positions(input: input).map { $0.value } == ["\(number)"])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try store.letterTotals().count == 300)
        try store.close()
    }
}
