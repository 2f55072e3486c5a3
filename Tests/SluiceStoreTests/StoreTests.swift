import Glibc
import SluiceComponent
import Testing

@testable import SluiceStore

@Suite struct StoreTests {
    let folder = TemporaryFolder()

    private func position(_ input: String, _ key: String, _ value: String?) -> InputPosition {
        InputPosition(input: input, position: Position(key: key, value: value))
    }

    @Test func `a new data directory and its files are for their owner only`() throws {
        let store = try Store(folder: folder("data"))
        _ = try store.write(Checkpoint(positions: [position("a", "k", "1")]))
        #expect(TemporaryFolder.mode(folder("data")) == 0o700)
        for name in ["sluice.db", "sluice.db-wal", "sluice.db-shm", "sluice.lock"] {
            #expect(TemporaryFolder.mode(folder("data/" + name)) == 0o600, "\(name)")
        }
    }

    @Test func `a database that others can read is closed to them`() throws {
        try Store(folder: folder.path).close()
        chmod(folder("sluice.db"), 0o644)
        let store = try Store(folder: folder.path)
        #expect(TemporaryFolder.mode(folder("sluice.db")) == 0o600)
        try store.close()
    }

    @Test func `a data directory below a folder that is missing is not made`() {
        #expect(
            throws: StoreError(
                .cannotCreate,
                "cannot create `\(folder.path)/a/b`: No such file or directory; make the folder that it lies in first")
        ) { try Store(folder: folder("a/b")) }
    }

    @Test func `a second service is refused with the first one's process id`() throws {
        let store = try Store(folder: folder.path)
        let refusal = StoreError(
            .inUse,
            "`data_dir` \(folder.path) is in use by process \(getpid()); left alone; stop that process or set another `data_dir`")
        #expect(throws: refusal) { try Store(folder: folder.path) }
        try store.close()
        try Store(folder: folder.path).close()
    }

    @Test func `a lock file that the last process left keeps nobody out`() throws {
        TemporaryFolder.write("4711\n".utf8, to: folder("sluice.lock"))
        try Store(folder: folder.path).close()
    }

    @Test func `the first run and a run after goodbye are clean, others are not`() throws {
        let first = try Store(folder: folder.path)
        #expect(first.wasClosedCleanly)
        try first.abandon()
        let second = try Store(folder: folder.path)
        #expect(!second.wasClosedCleanly)
        try second.close()
        let third = try Store(folder: folder.path)
        #expect(third.wasClosedCleanly)
        try third.close()
    }

    @Test func `looking after the letters does not say goodbye for a service that crashed`() throws {
        try Store(folder: folder.path).abandon()
        let maintenance = try Store(folder: folder.path, for: .maintenance)
        #expect(!maintenance.wasClosedCleanly)
        try maintenance.close()
        let store = try Store(folder: folder.path)
        #expect(!store.wasClosedCleanly)
        try store.close()
    }

    @Test func `a checkpoint changes what it names and nothing else`() throws {
        let store = try Store(folder: folder.path)
        let first = Checkpoint(
            positions: [position("a", "x", "1"), position("a", "y", "2"), position("b", "x", "3")],
            states: [
                RuleState(rule: "r", lane: 0, version: 7, bytes: [1, 0, 255]), RuleState(rule: "r", lane: 1, version: nil, bytes: []),
            ])
        #expect(try store.write(first) == .written(lettersDropped: 0))
        let second = Checkpoint(
            positions: [position("a", "x", nil), position("a", "y", "9"), position("a", "gone", nil), position("a", "", "")],
            states: [RuleState(rule: "r", lane: 0, version: 8, bytes: [2])])
        #expect(try store.write(second) == .written(lettersDropped: 0))
        #expect(try store.positions(input: "a") == [Position(key: "", value: ""), Position(key: "y", value: "9")])
        #expect(try store.positions(input: "b") == [Position(key: "x", value: "3")])
        #expect(
            try store.states() == [
                RuleState(rule: "r", lane: 0, version: 8, bytes: [2]), RuleState(rule: "r", lane: 1, version: nil, bytes: []),
            ])
        try store.close()
    }

    @Test func `what was saved is there after a run without goodbye`() throws {
        let store = try Store(folder: folder.path)
        _ = try store.write(Checkpoint(positions: [position("ä\0b", "k", "{\"offset\":1}")]))
        try store.abandon()
        let next = try Store(folder: folder.path)
        #expect(try next.inputs() == ["ä\0b"])
        #expect(try next.positions(input: "ä\0b") == [Position(key: "k", value: "{\"offset\":1}")])
        try next.close()
    }

    @Test func `inputs are forgotten one at a time and only when asked`() throws {
        let store = try Store(folder: folder.path)
        _ = try store.write(Checkpoint(positions: [position("a", "x", "1"), position("b", "x", "2")]))
        try store.forget(input: "a")
        #expect(try store.inputs() == ["b"])
        try store.close()
    }

    @Test func `states are forgotten by rule or altogether`() throws {
        let store = try Store(folder: folder.path)
        let states = ["a", "b", "c"].map { RuleState(rule: $0, lane: 0, version: 1, bytes: Array($0.utf8)) }
        _ = try store.write(Checkpoint(states: states))
        try store.removeStates(rules: ["a", "none"])
        #expect(try store.states() == Array(states[1...]))
        try store.removeStates()
        #expect(try store.states() == [])
        try store.close()
    }

    @Test func `the service finds its own notes and cannot touch the store's`() throws {
        let store = try Store(folder: folder.path)
        #expect(try store.note("workers") == nil)
        try store.setNote("workers", "4")
        try store.setNote("closed", "cleanly")
        #expect(try store.note("workers") == "4")
        try store.abandon()
        let next = try Store(folder: folder.path)
        #expect(!next.wasClosedCleanly)
        try next.close()
    }

    @Test func `every call after the close throws`() throws {
        let store = try Store(folder: folder.path)
        try store.close()
        let closed = StoreError(.closed, "`\(folder.path)/sluice.db` was closed before this use of it")
        #expect(throws: closed) { try store.positions(input: "a") }
        #expect(throws: closed) { _ = try store.write(Checkpoint()) }
        #expect(throws: closed) { try store.close() }
    }
}
