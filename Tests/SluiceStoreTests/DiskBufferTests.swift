import CSluice
import Glibc
import SluiceComponent
import Testing

@testable import SluiceStore

@Suite struct DiskBufferTests {
    let folder = TemporaryFolder()

    private func open(bytesMax: Int = 1 << 30, isDurable: Bool = false) throws -> DiskBuffer {
        try DiskBuffer(path: folder("buffers/main.db"), bytesMax: bytesMax, isDurable: isDurable)
    }

    private func parcel(_ text: String, path: String? = nil, events: Int = 1, letters: String = "") -> Parcel {
        .make([(path, text, events)], letters: letters)
    }

    private func texts(_ parcels: [BufferedParcel]) -> [String] { parcels.map { $0.parcel.text } }

    @Test func `parcels come back whole and in order`() throws {
        let buffer = try open()
        let first = Parcel.make([("a/b.log", "one\n", 1), (nil, "", 0), ("", "two\nthree\n", 2)], letters: "packed\0")
        #expect(try buffer.append([first, parcel("four")], time: 5) == 2)
        let peeked = try buffer.peek(bytes: 1 << 20)
        #expect(peeked.map { $0.id } == [1, 2] && peeked.map { $0.time } == [5, 5])
        #expect(peeked[0].parcel.parts == first.parts)
        #expect(peeked[0].parcel.text == "one\ntwo\nthree\n" && peeked[0].parcel.letterText == "packed\0")
        #expect(peeked[1].parcel.text == "four" && peeked[1].parcel.letterText == "")
        #expect(peeked.allSatisfy { $0.parcel.delivery == nil && $0.parcel.partsWritten == 0 })
    }

    @Test func `peeking takes what the bytes hold, at least one, and goes on behind an id`() throws {
        let buffer = try open()
        _ = try buffer.append((1...5).map { parcel(String(repeating: "\($0)", count: 1_000)) }, time: 0)
        #expect(try buffer.peek(bytes: 1).map { $0.id } == [1])
        #expect(try buffer.peek(bytes: 2_500).map { $0.id } == [1, 2])
        #expect(try buffer.peek(after: 3, bytes: 1 << 20).map { $0.id } == [4, 5])
        #expect(try buffer.peek(after: 5, bytes: 1 << 20).isEmpty)
    }

    @Test func `the level is that of what is in the buffer, after a reopening too`() throws {
        let buffer = try open()
        #expect(buffer.level == DiskBuffer.Level())
        _ = try buffer.append([parcel("12345", events: 3), parcel("1", path: "ab", letters: "xyz")], time: 10)
        _ = try buffer.append([parcel("7")], time: 20)
        let full = DiskBuffer.Level(parcels: 3, events: 5, bytes: 85 + 86 + 81, oldest: 10)
        #expect(buffer.level == full)
        try buffer.close()
        let again = try open()
        #expect(again.level == full)
        try again.remove(through: 2)
        #expect(again.level == DiskBuffer.Level(parcels: 1, events: 1, bytes: 81, oldest: 20))
        try again.remove(through: 9)
        #expect(again.level == DiskBuffer.Level())
        #expect(try again.append([parcel("8")], time: 30) == 1)
        #expect(try again.peek(bytes: 1).map { $0.id } == [4])
    }

    @Test func `a full buffer takes what fits and says so`() throws {
        let buffer = try open(bytesMax: 3 * 180)
        let parcels = (0..<5).map { _ in parcel(String(repeating: "x", count: 100)) }
        #expect(try buffer.append(parcels, time: 0) == 3)
        #expect(try buffer.append(parcels, time: 0) == 0)
        try buffer.remove(through: 1)
        #expect(try buffer.append(parcels, time: 0) == 1)
        buffer.bytesMax = 1 << 20
        #expect(try buffer.append(parcels, time: 0) == 5)
    }

    @Test func `an empty buffer takes a parcel that is larger than it`() throws {
        let buffer = try open(bytesMax: 100)
        let large = parcel(String(repeating: "x", count: 1_000))
        #expect(try buffer.append([large, large], time: 0) == 1)
        #expect(try buffer.append([large], time: 0) == 0)
    }

    @Test func `the oldest go first when room is asked for, but not what is being delivered`() throws {
        let buffer = try open()
        _ = try buffer.append((1...6).map { parcel("\($0)", events: $0) }, time: 7)
        #expect(try buffer.dropOldest(bytes: 100, after: 2) == DiskBuffer.Level(parcels: 2, events: 7, bytes: 162, oldest: 7))
        #expect(texts(try buffer.peek(bytes: 1 << 20)) == ["1", "2", "5", "6"])
        #expect(try buffer.dropOldest(bytes: 1 << 20) == DiskBuffer.Level(parcels: 4, events: 14, bytes: 324, oldest: 7))
        #expect(try buffer.dropOldest(bytes: 1) == DiskBuffer.Level())
    }

    @Test func `what is left after a kill is a whole number of transactions, wherever the log ends`() throws {
        let buffer = try open()
        for round in 0..<4 {
            _ = try buffer.append((0..<3).map { parcel(String(repeating: "\(round)", count: 9_000 + $0)) }, time: 1)
        }
        let path = folder("buffers/main.db")
        let file = try #require(TemporaryFolder.read(path))
        let log = try #require(TemporaryFolder.read(path + "-wal"))
        var seen: Set<Int> = []
        for length in stride(from: 0, through: log.count, by: 4_999) {
            let copy = TemporaryFolder()
            TemporaryFolder.write(file, to: copy("main.db"))
            TemporaryFolder.write(log[..<length], to: copy("main.db-wal"))
            let rest = try DiskBuffer(path: copy("main.db"), bytesMax: 1 << 30, isDurable: false)
            let parcels = try rest.peek(bytes: 1 << 30)
            #expect(parcels.count % 3 == 0 && rest.level.parcels == parcels.count)
            #expect(rest.level.bytes == parcels.reduce(0) { $0 + $1.parcel.byteCount + 80 })
            seen.insert(parcels.count)
            try rest.close()
        }
        let whole = TemporaryFolder()
        TemporaryFolder.write(file, to: whole("main.db"))
        TemporaryFolder.write(log, to: whole("main.db-wal"))
        #expect(try DiskBuffer(path: whole("main.db"), bytesMax: 1, isDurable: false).level == buffer.level)
        #expect(seen.contains(3) && seen.contains(6))
    }

    @Test func `space is used again and given back`() throws {
        let buffer = try open()
        let block = parcel(String(repeating: "x", count: 256 << 10))
        for round in 0..<400 {
            _ = try buffer.append([block], time: 0)
            if round >= 8 { try buffer.remove(through: Int64(round - 7)) }
        }
        #expect(TemporaryFolder.size(buffer.file.path) < 8 << 20)
        _ = try buffer.append((0..<160).map { _ in block }, time: 0)
        try buffer.file.read { connection throws(StoreError) in try connection.run("PRAGMA wal_checkpoint(TRUNCATE)") }
        #expect(TemporaryFolder.size(buffer.file.path) > 40 << 20)
        try buffer.remove(through: 1_000)
        #expect(TemporaryFolder.size(buffer.file.path) < 1 << 20)
        #expect(try buffer.append([parcel("goes on")], time: 0) == 1)
        #expect(texts(try buffer.peek(bytes: 1)) == ["goes on"])
    }

    @Test func `a full disk refuses a whole append, and the buffer goes on when there is room`() throws {
        let buffer = try open()
        _ = try buffer.append([parcel("before")], time: 1)
        let before = buffer.level
        var refused = 0
        for pages in Int64(0)... {
            try buffer.file.bound(morePages: pages)
            do throws(StoreError) {
                let parcels = (0..<4).map { parcel(String(repeating: "\($0)", count: 50_000)) }
                #expect(try buffer.append(parcels, time: 2) == 4)
                break
            } catch {
                #expect(error.code == .full)
                #expect(buffer.level == before)
                #expect(texts(try buffer.peek(bytes: 1 << 30)) == ["before"])
                refused += 1
            }
        }
        #expect(refused > 8 && buffer.level.parcels == 5)
        try buffer.remove(through: 5)
        #expect(buffer.level == DiskBuffer.Level())
    }

    @Test func `a change that breaks off anywhere leaves no half`() throws {
        let buffer = try open()
        _ = try buffer.append((0..<3).map { parcel("\($0)") }, time: 1)
        for change in ["append", "remove", "drop"] {
            var broken = 0
            for looks in 1... {
                let before = buffer.level
                try buffer.file.breakOff(after: looks)
                defer { try? buffer.file.breakOffNoMore() }
                do throws(StoreError) {
                    switch change {
                    case "append": _ = try buffer.append([parcel("x"), parcel("y")], time: 3)
                    case "remove": try buffer.remove(through: 2)
                    default: _ = try buffer.dropOldest(bytes: 100)
                    }
                    break
                } catch {
                    try buffer.file.breakOffNoMore()
                    #expect(buffer.level == before)
                    #expect(try buffer.peek(bytes: 1 << 20).count == before.parcels)
                    broken += 1
                }
            }
            #expect(broken > 5, "\(change)")
        }
        #expect(texts(try buffer.peek(bytes: 1 << 20)) == ["y"])
    }

    @Test func `a buffer has one owner`() throws {
        let buffer = try open()
        _ = try buffer.append([parcel("x")], time: 0)
        let error = #expect(throws: StoreError.self) { try open() }
        #expect(error?.code == .busy)
        #expect(TemporaryFolder.mode(folder("buffers")) == 0o700 && TemporaryFolder.mode(buffer.file.path) == 0o600)
        try buffer.close()
        #expect(throws: StoreError.self) { try buffer.append([parcel("x")], time: 0) }
    }

    @Test func `a row that is not ours is reported`() throws {
        let buffer = try open()
        _ = try buffer.append([parcel("abc", path: "p")], time: 0)
        for parts in ["x'0100'", "x'00000000040000000000000001000000'", "x'ff0000000300000000000000010000007878'"] {
            try buffer.file.write { connection throws(StoreError) in try connection.script("UPDATE parcels SET parts = \(parts)") }
            #expect(
                throws: StoreError(
                    .corrupt,
                    "parcel 1 in `\(buffer.file.path)` is damaged; left as it is; move the file and its `-wal` file away to go on without "
                        + "what it holds")
            ) { try buffer.peek(bytes: 1) }
        }
    }

    @Test func `threads that append and remove lose and double nothing`() async throws {
        let buffer = try open()
        let rounds = 200
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<3 {
                group.addTask {
                    for round in 0..<rounds { _ = try buffer.append([Parcel.make([(nil, "\(writer) \(round)", 1)])], time: 0) }
                }
            }
            group.addTask {
                var next = [0, 0, 0]
                while next != [rounds, rounds, rounds] {
                    for held in try buffer.peek(bytes: 1_000) {
                        let words = held.parcel.text.split(separator: " ").compactMap { Int($0) }
                        #expect(next[words[0]] == words[1])
                        next[words[0]] += 1
                        try buffer.remove(through: held.id)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(buffer.level == DiskBuffer.Level())
    }
}

extension Parcel {
    /// A parcel of parts (path, text, events).
    static func make(_ parts: [(String?, String, Int)], letters: String = "") -> Parcel {
        let parcel = Parcel(delivery: nil)
        for (path, text, events) in parts {
            var text = text
            text.withUTF8 { sl_buffer_append(parcel.bytes, $0.baseAddress, $0.count) }
            parcel.parts.append(Part(path: path, length: text.utf8.count, events: events))
        }
        var letters = letters
        letters.withUTF8 { sl_buffer_append(parcel.letters, $0.baseAddress, $0.count) }
        return parcel
    }

    /// The records.
    var text: String { Parcel.text(bytes) }

    /// The packed events.
    var letterText: String { Parcel.text(letters) }

    private static func text(_ buffer: UnsafeMutablePointer<sl_buffer>) -> String {
        String(decoding: UnsafeRawBufferPointer(start: buffer.pointee.bytes, count: buffer.pointee.length), as: UTF8.self)
    }
}
