import CZlib

/// Reads through a gzip file to its end and notes where it could be finished.
///
/// A flush ends with an empty stored block, whose last four bytes are `00 00 FF FF`; it begins a byte, so a final empty block
/// (`03 00`), the checksum and the length of what was decompressed so far can follow it.
extension GzipCompression {
    private static let flushMark: [UInt8] = [0, 0, 0xFF, 0xFF]

    /// A place where a member can be finished.
    private struct Finish {
        var size: Int
        var bytes: [UInt8]
    }

    static func findTail(_ reader: inout TailReader) throws(SystemFault) -> TailFinding {
        var offset = 0
        while offset < reader.size {
            let head = try reader.bytes(at: offset, 2)
            guard head.elementsEqual([0x1F, 0x8B].prefix(head.count)) else { return .foreign }
            switch try readMember(&reader, from: offset) {
            case .ends(let end): offset = end
            case .stops(let finish): return .torn(size: finish.size, bytes: finish.bytes)
            case .isDamaged: return .foreign
            }
        }
        return .whole
    }

    private enum Member {
        case ends(at: Int)
        case stops(Finish)
        case isDamaged
    }

    private static func readMember(_ reader: inout TailReader, from start: Int) throws(SystemFault) -> Member {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        precondition(
            inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK, "out of memory for compression")
        defer {
            inflateEnd(stream)
            stream.deallocate()
        }
        var room = [UInt8](repeating: 0, count: 64 << 10)
        var finish = Finish(size: start, bytes: [])
        var checksum = crc32(0, nil, 0)
        var length = 0
        var offset = start
        while true {
            let input = Array(try reader.chunk(at: offset))
            if input.isEmpty { return .stops(finish) }
            var used = 0
            while used < input.count {
                let (result, consumed, written) = step(stream, input, from: used, &room)
                used += consumed
                checksum = crc32(checksum, room, UInt32(written))
                length += written
                if result == Z_STREAM_END { return .ends(at: offset + used) }
                guard result == Z_OK || result == Z_BUF_ERROR else { return .isDamaged }
                if isFlushed(stream), try Array(reader.bytes(at: offset + used - 4, 4)) == flushMark {
                    finish = Finish(size: offset + used, bytes: [3, 0] + number(checksum) + number(UInt(length & 0xFFFF_FFFF)))
                }
                if consumed == 0, written == 0, result == Z_BUF_ERROR { break }
            }
            offset += used
            if used == 0 { return .stops(finish) }
        }
    }

    /// Decompresses up to the end of the next block, of the input or of the room.
    private static func step(
        _ stream: UnsafeMutablePointer<z_stream>, _ input: [UInt8], from start: Int, _ room: inout [UInt8]
    ) -> (result: Int32, consumed: Int, written: Int) {
        // SAFETY: zlib stays within both buffers, whose lengths it is given.
        input.withUnsafeBufferPointer { input in
            room.withUnsafeMutableBufferPointer { room in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress! + start)
                stream.pointee.avail_in = UInt32(input.count - start)
                stream.pointee.next_out = room.baseAddress
                stream.pointee.avail_out = UInt32(room.count)
                let result = inflate(stream, Z_BLOCK)
                return (
                    result, input.count - start - Int(stream.pointee.avail_in), room.count - Int(stream.pointee.avail_out)
                )
            }
        }
    }

    /// Whether the last step ended a block that is not the last one, at the border of a byte (zlib's `data_type`).
    private static func isFlushed(_ stream: UnsafeMutablePointer<z_stream>) -> Bool {
        let state = stream.pointee.data_type
        return state & 128 != 0 && state & 64 == 0 && state & 7 == 0
    }

    /// Four bytes, the lowest first.
    private static func number(_ number: UInt) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }
}
