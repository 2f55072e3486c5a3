#if Zstd
    import CSluice
    import CZstd

    /// zstd (RFC 8878), frames without checksum: so the end of a torn frame can be written without reading what is in it.
    final class ZstdCompression: FileCompression {
        /// A skippable frame of our own (RFC 8878 §3.1.2).
        static let endMark: [UInt8] = [0x5B, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 0x53, 0x4C, 0, 0]

        /// An empty raw block that is not the last: harmless to every reader, and it marks a flush.
        static let flushMark: [UInt8] = [0, 0, 0]

        /// Bytes asked of the buffer at a time.
        private static let stepBytes = 64 << 10

        private(set) var isInMember = false
        private let stream: OpaquePointer

        init(level: Int32) {
            guard let stream = ZSTD_createCCtx() else { preconditionFailure("out of memory for compression") }
            ZSTD_CCtx_setParameter(stream, ZSTD_c_compressionLevel, level)
            self.stream = stream
        }

        deinit { ZSTD_freeCCtx(stream) }

        func compress(_ bytes: UnsafeRawBufferPointer, to output: UnsafeMutablePointer<sl_buffer>) {
            isInMember = true
            run(bytes, ZSTD_e_continue, to: output)
        }

        func flush(to output: UnsafeMutablePointer<sl_buffer>) {
            guard isInMember else { return }
            run(UnsafeRawBufferPointer(start: nil, count: 0), ZSTD_e_flush, to: output)
            sl_buffer_append(output, Self.flushMark, Self.flushMark.count)
        }

        func finish(to output: UnsafeMutablePointer<sl_buffer>) {
            guard isInMember else { return }
            run(UnsafeRawBufferPointer(start: nil, count: 0), ZSTD_e_end, to: output)
            isInMember = false
            sl_buffer_append(output, Self.endMark, Self.endMark.count)
        }

        private func run(
            _ bytes: UnsafeRawBufferPointer, _ directive: ZSTD_EndDirective, to output: UnsafeMutablePointer<sl_buffer>
        ) {
            // SAFETY: zstd stays within the sizes given.
            var from = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
            while true {
                var to = ZSTD_outBuffer(dst: sl_buffer_reserve(output, Self.stepBytes), size: Self.stepBytes, pos: 0)
                let rest = ZSTD_compressStream2(stream, &to, &from, directive)
                precondition(ZSTD_isError(rest) == 0, "zstd failed: \(String(cString: ZSTD_getErrorName(rest)))")
                output.pointee.length += to.pos
                if directive == ZSTD_e_continue ? from.pos == from.size : rest == 0 { return }
            }
        }
    }

    extension ZstdCompression {
        /// Walks over the frames by the sizes in their headers; nothing is decompressed.
        static func findTail(_ reader: inout TailReader) throws(SystemFault) -> TailFinding {
            var offset = 0
            while offset < reader.size {
                let head = Array(try reader.bytes(at: offset, 8))
                guard head.count >= 4 else { return head.starts(with: [0x28]) ? .torn(size: offset, bytes: []) : .foreign }
                if head[0] & 0xF0 == 0x50, head[1...3].elementsEqual([0x2A, 0x4D, 0x18]) {
                    guard head.count == 8 else { return .torn(size: offset, bytes: []) }
                    let end = offset + 8 + head[4...7].reversed().reduce(0) { $0 << 8 | Int($1) }
                    if end > reader.size { return .torn(size: offset, bytes: []) }
                    offset = end
                    continue
                }
                guard head[0...3].elementsEqual([0x28, 0xB5, 0x2F, 0xFD]) else { return .foreign }
                guard let end = try frameEnd(&reader, from: offset) else { return .foreign }
                if end.isFinished { offset = end.size } else { return .torn(size: end.size, bytes: end.size > offset ? [1, 0, 0] : []) }
            }
            return .whole
        }

        /// Where a frame ends, or the last flush before the file does; nil when it is damaged or not ours to finish.
        private static func frameEnd(_ reader: inout TailReader, from start: Int) throws(SystemFault) -> (size: Int, isFinished: Bool)? {
            guard let descriptor = try reader.bytes(at: start + 4, 1).first else { return (start, false) }
            let isSingle = descriptor & 0x20 != 0
            let hasChecksum = descriptor & 4 != 0
            let dictionaryBytes = [0, 1, 2, 4][Int(descriptor & 3)]
            let sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
            var offset = start + 5 + (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes
            var flushed = start
            while true {
                let head = Array(try reader.bytes(at: offset, 3))
                guard head.count == 3 else { return hasChecksum && flushed > start ? nil : (flushed, false) }
                let number = Int(head[0]) | Int(head[1]) << 8 | Int(head[2]) << 16
                let kind = number >> 1 & 3
                if kind == 3 { return nil }
                let end = offset + 3 + (kind == 1 ? 1 : number >> 3)
                if number & 1 != 0 {
                    let whole = end + (hasChecksum ? 4 : 0)
                    return whole <= reader.size ? (whole, true) : (flushed, false)
                }
                if end > reader.size { return (flushed, false) }
                if head == flushMark { flushed = end }
                offset = end
            }
        }
    }
#endif
