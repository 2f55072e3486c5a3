import CSluice
import SluiceComponent
import SluiceEngine
import SluiceStore
import SluiceTestKit
import Synchronization

/// A disk buffer in memory whose calls fail when they are told to. It outlives its drivers, as a file does.
final class MemoryStore: ParcelStore, Sendable {
    private struct Row {
        let id: Int64
        let time: Int64
        let parts: [Parcel.Part]
        let text: [UInt8]
    }

    private struct State {
        var rows: [Row] = []
        var lastID: Int64 = 0
        var calls = 0
        var failing: Set<Int> = []
        var isFull = false
    }

    private let state = Mutex(State())
    private let limit: Mutex<Int>

    /// A store for `bytesMax` bytes of records; the calls of these numbers fail, counted from 1.
    init(bytesMax: Int = 1 << 30, failing: Set<Int> = []) {
        limit = Mutex(bytesMax)
        state.withLock { $0.failing = failing }
    }

    var bytesMax: Int {
        get { limit.withLock { $0 } }
        set { limit.withLock { $0 = newValue } }
    }
    var callCount: Int { state.withLock { $0.calls } }
    var texts: [String] { state.withLock { $0.rows.map { String(decoding: $0.text, as: UTF8.self) } } }

    /// The disk has no room any more, or has it again.
    func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

    var level: DiskBuffer.Level { state.withLock { Self.level($0.rows) } }

    private static func level(_ rows: some Collection<Row>) -> DiskBuffer.Level {
        DiskBuffer.Level(
            parcels: rows.count, events: rows.reduce(0) { $0 + $1.parts.reduce(0) { $0 + $1.events } },
            bytes: rows.reduce(0) { $0 + $1.text.count }, oldest: rows.first?.time)
    }

    private static func check(_ state: inout State) throws(StoreError) {
        state.calls += 1
        if state.isFull { throw StoreError(.full, "no room to write `main.db`") }
        if state.failing.contains(state.calls) { throw StoreError(.failed, "cannot use `main.db`") }
    }

    func append(_ parcels: [Parcel], time: Int64) throws(StoreError) -> Int {
        try state.withLock { state throws(StoreError) in
            try Self.check(&state)
            var count = 0
            for parcel in parcels {
                let text = Array(Answers.text(parcel).utf8)
                guard state.rows.isEmpty || Self.level(state.rows).bytes + text.count <= bytesMax else { break }
                state.lastID += 1
                state.rows.append(Row(id: state.lastID, time: time, parts: parcel.parts, text: text))
                count += 1
            }
            return count
        }
    }

    func oldest(bytes: Int) throws(StoreError) -> [(id: Int64, parcel: Parcel)] {
        try state.withLock { state throws(StoreError) in
            try Self.check(&state)
            var sum = 0
            var parcels: [(id: Int64, parcel: Parcel)] = []
            for row in state.rows {
                sum += row.text.count
                if !parcels.isEmpty, sum > bytes { break }
                let parcel = Parcel(delivery: nil)
                parcel.parts = row.parts
                row.text.withUnsafeBytes { sl_buffer_append(parcel.bytes, $0.baseAddress!, $0.count) }
                parcels.append((row.id, parcel))
            }
            return parcels
        }
    }

    func remove(through id: Int64) throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            try Self.check(&state)
            state.rows.removeAll { $0.id <= id }
        }
    }

    func dropOldest(bytes: Int, after id: Int64) throws(StoreError) -> DiskBuffer.Level {
        try state.withLock { state throws(StoreError) in
            try Self.check(&state)
            var dropped: [Row] = []
            for row in state.rows where row.id > id && Self.level(dropped).bytes < bytes { dropped.append(row) }
            let ids = Set(dropped.map(\.id))
            state.rows.removeAll { ids.contains($0.id) }
            return Self.level(dropped)
        }
    }

    func close() {}
}
