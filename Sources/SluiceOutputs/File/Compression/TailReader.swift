/// Reads a file from its beginning through a window, for the look at what an earlier run left.
struct TailReader {
    /// Bytes of the window.
    private static let windowBytes = 128 << 10

    /// Bytes in the file.
    let size: Int
    private let system: any FileSystem
    private let descriptor: Int32
    private var window: [UInt8] = []
    private var windowStart = 0

    init(_ system: any FileSystem, _ descriptor: Int32, size: Int) {
        self.system = system
        self.descriptor = descriptor
        self.size = size
    }

    /// Up to `count` bytes at an offset: fewer at the end of the file.
    mutating func bytes(at offset: Int, _ count: Int) throws(SystemFault) -> ArraySlice<UInt8> {
        if offset < windowStart || offset + count > windowStart + window.count { try fill(from: offset) }
        let start = offset - windowStart
        guard start < window.count else { return [] }
        return window[start..<min(window.count, start + count)]
    }

    /// Everything from an offset to the end of the window; empty at the end of the file.
    mutating func chunk(at offset: Int) throws(SystemFault) -> ArraySlice<UInt8> { try bytes(at: offset, Self.windowBytes) }

    private mutating func fill(from offset: Int) throws(SystemFault) {
        let system = system
        let descriptor = descriptor
        var bytes = [UInt8](repeating: 0, count: max(0, min(Self.windowBytes, size - offset)))
        var filled = 0
        while filled < bytes.count {
            let from = filled
            let count = try bytes.withUnsafeMutableBufferPointer {
                (room: inout UnsafeMutableBufferPointer<UInt8>) throws(SystemFault) -> Int in
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(room)[from...])
                return try uninterrupted { () throws(SystemFault) in try system.read(descriptor, rest, at: offset + from) }
            }
            if count == 0 { break }
            filled += count
        }
        bytes.removeSubrange(filled...)
        window = bytes
        windowStart = offset
    }
}
