import CSluice
import SluiceComponent
import SluiceConfig

/// Compresses what goes into one file.
///
/// A file is a chain of *members* (gzip's word; a zstd frame), so that appending needs nothing of what is there. Within a member a
/// *flush* makes everything so far readable; a commit ends with one, so a program that is killed leaves a file whose bytes up to the
/// last commit can be read (`zcat` prints them and then complains of the missing end). The next opening repairs that end, see
/// ``TailFinding``. The last thing a finished member is followed by is a small empty one that marks a clean end: it spares the look
/// through the whole file.
protocol FileCompression: AnyObject {
    /// What marks a clean end.
    static var endMark: [UInt8] { get }

    /// Whether a member was begun and not finished.
    var isInMember: Bool { get }

    /// Compresses bytes; what comes out may come later.
    func compress(_ bytes: UnsafeRawBufferPointer, to output: UnsafeMutablePointer<sl_buffer>)

    /// Makes everything so far readable, in a way that ``TailFinding`` recognises.
    func flush(to output: UnsafeMutablePointer<sl_buffer>)

    /// Ends the member, if there is one, and marks the end.
    func finish(to output: UnsafeMutablePointer<sl_buffer>)

    /// Looks at what is in a file that did not end with the mark.
    static func findTail(_ reader: inout TailReader) throws(SystemFault) -> TailFinding
}

/// What the end of a compressed file needs before a member can be appended.
enum TailFinding: Equatable, Sendable {
    /// Nothing.
    case whole
    /// The last member was not finished: what is behind `size` was never committed, and `bytes` finish what is before it.
    case torn(size: Int, bytes: [UInt8])
    /// It is something else or damaged in the middle: nothing may be appended, nothing deleted.
    case foreign
}

/// The choice of a compression and its level.
enum CompressionChoice: Sendable, Equatable {
    case none
    case gzip(level: Int32)
    case zstd(level: Int32)

    /// A compression for one file; nil for none.
    func make() -> (any FileCompression)? {
        switch self {
        case .none: return nil
        case .gzip(let level): return GzipCompression(level: level)
        case .zstd(let level):
            #if Zstd
                return ZstdCompression(level: level)
            #else
                preconditionFailure("zstd level \(level) was accepted by a program without zstd")
            #endif
        }
    }

    /// Checks the options.
    static func of(_ values: OptionValues) throws(ConfigError) -> CompressionChoice {
        let name = values.text("compression") ?? "none"
        let level = values.integer("level")
        switch name {
        case "gzip":
            if let level, level > 9 {
                throw ConfigError(.invalidValue, "`\(level)` is no `level` of gzip; it takes a number from 1 to 9", key: "level")
            }
            return .gzip(level: Int32(level ?? 6))
        case "zstd":
            #if Zstd
                return .zstd(level: Int32(level ?? 3))
            #else
                throw ConfigError(
                    .notBuiltIn,
                    "this program was built without zstd; write `compression: gzip`, or build it with `--traits Zstd`",
                    key: "compression")
            #endif
        default:
            if level != nil {
                throw ConfigError(.invalidValue, "`level` needs `compression: gzip` or `compression: zstd`", key: "level")
            }
            return .none
        }
    }
}
