import NIOCore

/// What was sent last on a connection and has been acknowledged, but may lie unread in the receiver's socket: the newest chunks that
/// together have at least `bytesMax` bytes.
struct ResendWindow {
    private let bytesMax: Int
    private var chunks: [RecordChunk] = []
    /// Chunks before it are gone.
    private var first = 0
    /// Bytes that are kept.
    private(set) var byteCount = 0

    /// An empty window; 0 keeps nothing.
    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// What is kept, the oldest first.
    var kept: ArraySlice<RecordChunk> { chunks[first...] }

    /// Keeps a chunk, and forgets the oldest that are not needed any more.
    mutating func add(_ chunk: RecordChunk) {
        guard bytesMax > 0 else { return }
        chunks.append(chunk)
        byteCount += chunk.count
        while byteCount - chunks[first].count >= bytesMax {
            byteCount -= chunks[first].count
            chunks[first] = RecordChunk(bytes: .init(), records: 0)
            first += 1
        }
        if first > 64, first > chunks.count / 2 {
            chunks.removeFirst(first)
            first = 0
        }
    }

    /// Forgets everything.
    mutating func clear() {
        chunks = []
        first = 0
        byteCount = 0
    }
}
