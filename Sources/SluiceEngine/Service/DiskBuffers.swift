import SluiceComponent
import SluiceStore
import Synchronization

/// The disk buffers that are open, by the name of their output. An output and its successor use one together, because a buffer keeps
/// everybody else out of its file.
final class DiskBuffers: Sendable {
    private struct Open {
        let buffer: DiskBuffer
        var users: Int
    }

    private let folder: String
    private let open = Mutex<[String: Open]>([:])

    /// The buffers of a data folder.
    init(dataFolder: String) { folder = dataFolder + "/buffers" }

    /// The buffer of an output, opened if nobody uses it yet. It takes `bytesMax` bytes when this opens it.
    func use(_ name: String, bytesMax: Int) throws(StoreError) -> BufferUse {
        try open.withLock { open throws(StoreError) in
            if let buffer = open[name]?.buffer {
                open[name]?.users += 1
                return BufferUse(of: buffer, name: name, in: self)
            }
            let buffer = try DiskBuffer(path: "\(folder)/\(name).db", bytesMax: bytesMax, isDurable: true)
            open[name] = Open(buffer: buffer, users: 1)
            return BufferUse(of: buffer, name: name, in: self)
        }
    }

    /// One user less; the last one closes the file.
    fileprivate func end(_ name: String) throws(StoreError) {
        try open.withLock { open throws(StoreError) in
            guard var entry = open[name] else { return }
            entry.users -= 1
            open[name] = entry.users > 0 ? entry : nil
            if entry.users == 0 { try entry.buffer.close() }
        }
    }
}

/// A disk buffer as one output uses it.
final class BufferUse: ParcelStore {
    private let buffer: DiskBuffer
    private let name: String
    private let buffers: DiskBuffers
    private let hasEnded = Mutex(false)

    fileprivate init(of buffer: DiskBuffer, name: String, in buffers: DiskBuffers) {
        self.buffer = buffer
        self.name = name
        self.buffers = buffers
    }

    /// An output that never ran.
    deinit { try? close() }

    var level: DiskBuffer.Level { buffer.level }

    var bytesMax: Int {
        get { buffer.bytesMax }
        set { buffer.bytesMax = newValue }
    }

    func append(_ parcels: [Parcel], time: Int64) throws(StoreError) -> Int { try buffer.append(parcels, time: time) }

    func oldest(bytes: Int) throws(StoreError) -> [(id: Int64, parcel: Parcel)] { try buffer.oldest(bytes: bytes) }

    func remove(through id: Int64) throws(StoreError) { try buffer.remove(through: id) }

    func dropOldest(bytes: Int, after id: Int64) throws(StoreError) -> DiskBuffer.Level {
        try buffer.dropOldest(bytes: bytes, after: id)
    }

    /// Ends the use; the last user closes the file.
    func close() throws(StoreError) {
        let isFirst = hasEnded.withLock { hasEnded in
            defer { hasEnded = true }
            return !hasEnded
        }
        if isFirst { try buffers.end(name) }
    }
}
