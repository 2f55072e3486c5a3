import SluiceComponent

/// Takes compressed bytes and gives what they stand for; one object for one input.
protocol Decompression: AnyObject {
    /// Works on `input`, writes to `room`, and answers how many bytes of each were used. Bytes that came before a fault are
    /// given out first; the fault is thrown by the next call.
    func step(_ input: UnsafeRawBufferPointer, to room: UnsafeMutableRawBufferPointer) throws(InputError) -> DecompressionStep

    /// Throws when the input ended before its compressed data did.
    func finish() throws(InputError)
}

/// What one step used.
struct DecompressionStep {
    var consumed = 0
    var written = 0
}

/// How an input's bytes are packed, known by its first bytes.
enum CompressionFormat: Equatable {
    case plain, gzip, zstd
    /// More bytes are needed.
    case undecided

    /// The format of an input that begins with `bytes`; `isWhole` says that nothing follows them.
    init(of bytes: UnsafeRawBufferPointer, isWhole: Bool) {
        for (format, magic) in [(Self.gzip, [0x1F, 0x8B] as [UInt8]), (.zstd, [0x28, 0xB5, 0x2F, 0xFD])] {
            let count = min(bytes.count, magic.count)
            guard bytes.prefix(count).elementsEqual(magic.prefix(count)) else { continue }
            if count == magic.count {
                self = format
                return
            }
            if !isWhole {
                self = .undecided
                return
            }
        }
        self = .plain
    }

    /// What unpacks it; nil for plain bytes.
    func decompression(of name: String) throws(InputError) -> (any Decompression)? {
        switch self {
        case .plain, .undecided: return nil
        case .gzip: return GzipDecompression(name)
        case .zstd:
            #if Zstd
                return ZstdDecompression(name)
            #else
                throw InputError(
                    .notBuiltIn,
                    "`\(name)` is compressed with zstd, which is not in this build; build with `--traits Zstd` (libzstd-dev) or pipe it through `zstd -dc`"
                )
            #endif
        }
    }
}
