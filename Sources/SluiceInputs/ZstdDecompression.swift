import SluiceComponent

#if Zstd
    import CZstd

    /// zstd (RFC 8878): any number of frames one after the other.
    final class ZstdDecompression: Decompression {
        private let name: String
        private let stream: OpaquePointer
        private var isInFrame = false
        private var failure: InputError?

        init(_ name: String) {
            self.name = name
            guard let stream = ZSTD_createDStream() else { preconditionFailure("out of memory for decompression") }
            self.stream = stream
        }

        deinit { ZSTD_freeDStream(stream) }

        func step(
            _ input: UnsafeRawBufferPointer, to room: UnsafeMutableRawBufferPointer
        ) throws(InputError) -> DecompressionStep {
            if let failure { throw failure }
            if input.isEmpty, !isInFrame { return DecompressionStep() }
            // SAFETY: zstd stays within the sizes given.
            var from = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
            var to = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
            while true {
                let before = (from.pos, to.pos)
                let result = ZSTD_decompressStream(stream, &to, &from)
                if ZSTD_isError(result) != 0 {
                    let reason = ZSTD_getErrorName(result).map { String(cString: $0) } ?? "error"
                    let fault = InputError(.corrupt, "`\(name)` is damaged zstd data (\(reason)); what came before was read")
                    if to.pos == 0 { throw fault }
                    failure = fault
                    break
                }
                isInFrame = result != 0
                if to.pos == to.size || from.pos == from.size || before == (from.pos, to.pos) { break }
            }
            return DecompressionStep(consumed: from.pos, written: to.pos)
        }

        func finish() throws(InputError) {
            if let failure { throw failure }
            guard isInFrame else { return }
            throw InputError(.cutOff, "`\(name)` ends inside its zstd data; what came before was read")
        }
    }
#endif
