import SluiceComponent
import Testing

@testable import SluiceStore

@Suite struct DeadLetterTests {
    let folder = TemporaryFolder()

    static func letter(_ number: Int, rule: String? = "r", output: String? = nil, bytes: Int = 0) -> DeadLetter {
        DeadLetter(
            time: Int64(number) * 10, rule: rule, line: number, output: output, input: "in", generation: 3, error: "attempt to \(number)",
            event: [UInt8](repeating: 0x78, count: bytes), raw: nil, packed: [0])
    }

    private func store(_ limit: DeadLetterLimit = DeadLetterLimit(), letters: [DeadLetter] = []) throws -> Store {
        let store = try Store(folder: folder.path, letterLimit: limit)
        _ = try store.write(Checkpoint(letters: letters))
        return store
    }

    private func ids(_ store: Store, _ change: (inout DeadLetterQuery) -> Void = { _ in }) throws -> [Int64] {
        var query = DeadLetterQuery()
        change(&query)
        return try store.letters(query).map { $0.id }
    }

    @Test func `a letter comes back as it was stored`() throws {
        let whole = DeadLetter(
            time: -1, rule: "rulé", line: 12, output: "out", input: "in", generation: 4, error: "it\0broke", traceback: ["a:1", "", "b:2"],
            also: ["x", "y"], event: Array("{}".utf8), raw: [0, 255, 10], packed: [1, 2, 0])
        let least = DeadLetter(time: 0, input: "", generation: 0, error: "", traceback: [""], event: [], raw: [], packed: [])
        let none = DeadLetter(time: 0, input: "i", generation: 0, error: "e", event: [], raw: nil, packed: [])
        let store = try store(letters: [whole, least, none])
        var expected = [whole, least, none]
        for index in expected.indices { expected[index].id = Int64(index + 1) }
        #expect(try store.letters() == expected)
        #expect(try store.letter(2) == expected[1])
        #expect(try store.letter(4) == nil)
        #expect(try store.letterTotals() == DeadLetterTotals(count: 3, bytes: expected.reduce(0) { $0 + $1.size }))
        #expect(whole.size == 128 + 5 + 3 + 2 + 3 + 1 + 3 + 1 + 1 + 3 + 9 + 2 + 3 - 1 + 1 + 3)
        try store.close()
    }

    @Test func `letters are listed by page, order, rule, output and time`() throws {
        let letters = (1...6).map {
            Self.letter($0, rule: $0 % 2 == 0 ? "even" : nil, output: $0 > 4 ? "late" : nil)
        }
        let store = try store(letters: letters)
        #expect(try ids(store) == [1, 2, 3, 4, 5, 6])
        #expect(try ids(store) { $0.limit = 2 } == [1, 2])
        #expect(try ids(store) { ($0.limit, $0.after) = (2, 2) } == [3, 4])
        #expect(try ids(store) { ($0.limit, $0.before, $0.newestFirst) = (2, 5, true) } == [4, 3])
        #expect(try ids(store) { $0.rule = "even" } == [2, 4, 6])
        #expect(try ids(store) { ($0.rule, $0.output) = ("even", "late") } == [6])
        #expect(try ids(store) { ($0.since, $0.until) = (20, 40) } == [2, 3])
        #expect(try ids(store) { $0.limit = -1 } == [])
        try store.close()
    }

    @Test func `a page has a bound in letters and in bytes`() throws {
        let store = try store(letters: (1...1_001).map { Self.letter($0) })
        #expect(try ids(store) { $0.limit = 5_000 }.count == DeadLetterQuery.lettersMax)
        _ = try store.write(Checkpoint(letters: (1...3).map { Self.letter($0, bytes: 9 << 20) }))
        #expect(try ids(store) { $0.after = 1_001 } == [1_002])
        try store.close()
    }

    @Test func `a full store that blocks saves nothing until there is room`() throws {
        let size = Self.letter(1, bytes: 100).size
        let store = try store(DeadLetterLimit(bytesMax: 2 * size), letters: [Self.letter(1, bytes: 100)])
        let position = InputPosition(input: "a", position: Position(key: "k", value: "v"))
        let more = Checkpoint(positions: [position], letters: [Self.letter(2, bytes: 100), Self.letter(3, bytes: 100)])
        #expect(try store.write(more) == .lettersFull)
        #expect(try store.positions(input: "a") == [] && ids(store) == [1])
        #expect(try store.removeLetters([1, 7]) == DeadLetterTotals(count: 1, bytes: size))
        #expect(try store.write(more) == .written(lettersDropped: 0))
        #expect(try store.positions(input: "a") == [position.position])
        #expect(try ids(store) == [2, 3])
        try store.close()
    }

    @Test func `without letters a full store saves positions`() throws {
        let store = try store(DeadLetterLimit(bytesMax: 1), letters: [Self.letter(1)])
        let position = InputPosition(input: "a", position: Position(key: "k", value: "v"))
        #expect(try store.write(Checkpoint(positions: [position])) == .written(lettersDropped: 0))
        try store.close()
    }

    @Test func `an empty store that blocks takes what is larger than its limit`() throws {
        let store = try store(DeadLetterLimit(bytesMax: 1))
        #expect(try store.write(Checkpoint(letters: [Self.letter(1), Self.letter(2)])) == .written(lettersDropped: 0))
        #expect(try store.write(Checkpoint(letters: [Self.letter(3)])) == .lettersFull)
        store.letterLimit = DeadLetterLimit(bytesMax: 1 << 20)
        #expect(try store.write(Checkpoint(letters: [Self.letter(3)])) == .written(lettersDropped: 0))
        try store.close()
    }

    @Test(arguments: [(1, 0, [1]), (3, 0, [1, 2, 3]), (4, 1, [2, 3, 4]), (7, 4, [5, 6, 7])])
    func `a full store that drops keeps the newest and counts the others`(letters: Int, dropped: Int, kept: [Int]) throws {
        let all = (1...letters).map { Self.letter($0, bytes: 500) }
        // One by one, and all at once: the same letters are left.
        for step in [1, letters] {
            let folder = TemporaryFolder()
            let store = try Store(folder: folder.path, letterLimit: .init(bytesMax: 3 * all[0].size + 3, whenFull: .dropOldest))
            var sum = 0
            for first in stride(from: 0, to: letters, by: step) {
                guard case .written(let more) = try store.write(Checkpoint(letters: Array(all[first..<min(first + step, letters)]))) else {
                    Issue.record("nothing was written")
                    return
                }
                sum += more
            }
            #expect(sum == dropped)
            #expect(try store.letters().map { $0.line } == kept)
            #expect(try store.letterTotals() == DeadLetterTotals(count: kept.count, bytes: kept.count * all[0].size))
            try store.close()
        }
    }

    @Test func `an id is never given twice`() throws {
        let store = try store(letters: [Self.letter(1), Self.letter(2)])
        _ = try store.purgeLetters()
        _ = try store.write(Checkpoint(letters: [Self.letter(3)]))
        #expect(try ids(store) == [3])
        try store.close()
    }

    @Test func `a purge removes what failed before a moment, or all, and says how much`() throws {
        let store = try store(letters: (1...5).map { Self.letter($0) })
        let size = Self.letter(1).size
        #expect(try store.purgeLetters(before: 30) == DeadLetterTotals(count: 2, bytes: 2 * size))
        #expect(try ids(store) == [3, 4, 5])
        #expect(try store.purgeLetters() == DeadLetterTotals(count: 3, bytes: 3 * size))
        #expect(try store.purgeLetters() == DeadLetterTotals())
        #expect(try store.letterTotals() == DeadLetterTotals())
        try store.close()
    }

    @Test func `a purge gives the space back`() throws {
        let store = try store(letters: (1...2_500).map { Self.letter($0, bytes: 10_000) })
        try store.file.read { connection throws(StoreError) in try connection.run("PRAGMA wal_checkpoint(TRUNCATE)") }
        #expect(TemporaryFolder.size(folder("sluice.db")) > 25_000_000)
        #expect(try store.purgeLetters().count == 2_500)
        #expect(TemporaryFolder.size(folder("sluice.db")) < 200_000)
        try store.close()
    }

    @Test func `a reader sees what was saved, beside a service and without one, and changes nothing`() throws {
        let store = try store(letters: [Self.letter(1)])
        let reader = try StoreReader(folder: folder.path)
        #expect(try reader.letters().map { $0.id } == [1])
        _ = try store.write(Checkpoint(letters: [Self.letter(2)]))
        #expect(try reader.letterTotals().count == 2)
        #expect(try reader.letter(2)?.line == 2)
        try store.abandon()
        #expect(try StoreReader(folder: folder.path).letters().map { $0.id } == [1, 2])
        let next = try Store(folder: folder.path)
        #expect(!next.wasClosedCleanly)
        try next.close()
        #expect(try StoreReader(folder: folder.path).letterTotals().count == 2)
    }
}
