/// The contents of a TZif file (RFC 8536), versions 1 to 4: transitions, offsets and the footer's rule.
struct ZoneFile {
    private(set) var transitions: [Int64] = []
    private(set) var offsets: [Int32] = []
    private(set) var firstOffset: Int32 = 0
    private(set) var rule: ZoneRule?

    /// Reads the file; nil when it is cut off or inconsistent.
    init?(_ bytes: [UInt8]) {
        guard let first = Header(bytes, at: 0) else { return nil }
        if first.version == 0 {
            guard read(bytes, first, at: Header.size, timeSize: 4) != nil else { return nil }
            return
        }
        // Version 2 and later repeat everything with 64-bit times behind the first block.
        let second = Header.size + first.bodySize(timeSize: 4)
        guard let header = Header(bytes, at: second),
            let end = read(bytes, header, at: second + Header.size, timeSize: 8)
        else { return nil }
        guard end < bytes.count, bytes[end] == 0x0A, let newline = bytes[(end + 1)...].firstIndex(of: 0x0A) else { return }
        rule = ZoneRule(posix: bytes[(end + 1)..<newline])
    }

    private struct Header {
        static let size = 44
        let version: UInt8
        let isUTCount, isStandardCount, leapCount, timeCount, typeCount, nameBytes: Int

        init?(_ bytes: [UInt8], at start: Int) {
            guard start >= 0, start + Self.size <= bytes.count, bytes[start..<start + 4].elementsEqual("TZif".utf8) else {
                return nil
            }
            version = bytes[start + 4]
            func count(_ index: Int) -> Int { Int(ZoneFile.integer(bytes, at: start + 20 + index * 4, size: 4)) }
            isUTCount = count(0)
            isStandardCount = count(1)
            leapCount = count(2)
            timeCount = count(3)
            typeCount = count(4)
            nameBytes = count(5)
            let all = [isUTCount, isStandardCount, leapCount, timeCount, typeCount, nameBytes]
            guard all.allSatisfy({ (0...1 << 20).contains($0) }), typeCount > 0 else { return nil }
        }

        func bodySize(timeSize: Int) -> Int {
            timeCount * (timeSize + 1) + typeCount * 6 + nameBytes + leapCount * (timeSize + 4) + isStandardCount + isUTCount
        }
    }

    /// Reads one block and answers where it ends.
    private mutating func read(_ bytes: [UInt8], _ header: Header, at start: Int, timeSize: Int) -> Int? {
        let end = start + header.bodySize(timeSize: timeSize)
        guard end <= bytes.count else { return nil }
        let indices = start + header.timeCount * timeSize
        let types = indices + header.timeCount
        for index in 0..<header.timeCount {
            let type = Int(bytes[indices + index])
            let time = Self.integer(bytes, at: start + index * timeSize, size: timeSize)
            guard type < header.typeCount, transitions.last.map({ $0 < time }) ?? true else { return nil }
            transitions.append(time)
            offsets.append(Int32(Self.integer(bytes, at: types + type * 6, size: 4)))
        }
        firstOffset = Int32(Self.integer(bytes, at: types, size: 4))
        return end
    }

    /// A signed big-endian number of 4 or 8 bytes.
    private static func integer(_ bytes: [UInt8], at start: Int, size: Int) -> Int64 {
        var value: UInt64 = 0
        for byte in bytes[start..<start + size] { value = value << 8 | UInt64(byte) }
        return size == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }
}
