import SluiceComponent
import Glibc

/// Where a file lies: folders below a root, and a name.
///
/// The root is the part of the configured path before the first field or time code, so it is the operator's word and may hold links.
/// What comes below it may have been made of data: it is walked part by part, and nothing there may lead out of the root.
struct FileSpot: Hashable, Sendable {
    /// Folders below the root, outermost first.
    var folders: [String]
    /// The file's own name.
    var name: String
}

/// The folder that an output's files cannot leave.
struct FileRoot: Sendable {
    /// Bytes that a folder's name may have on every common file system (NAME_MAX).
    static let folderBytesMax = 255
    /// Bytes that a file's name may have, so that a stamp, a number or the mark of an unfinished file still fits.
    static let nameBytesMax = 200

    /// The folder itself, absolute or relative to the working folder.
    let path: String
    /// What of each path stands for the root and is cut off.
    private let prefixCount: Int
    /// Whether paths below it are made of data.
    let isTemplated: Bool

    /// The root of a path template: `text` as configured, `prefix` its literal beginning.
    init(folder: String, prefix: String, isTemplated: Bool) {
        let cut = prefix.utf8.lastIndex(of: UInt8(ascii: "/")).map { prefix.utf8.index(after: $0) } ?? prefix.startIndex
        let own = String(prefix[..<cut])
        prefixCount = own.utf8.count
        path = own.hasPrefix("/") ? own : own.isEmpty ? folder : "\(folder)/\(own)"
        self.isTemplated = isTemplated
    }

    /// The place that a path means; `disarm` alters names that the output keeps for itself.
    func spot(of text: String, disarm: (String) -> String) throws(OutputError) -> FileSpot {
        var parts = text.utf8.dropFirst(prefixCount).split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
        guard var name = parts.popLast(), !text.hasSuffix("/") else { throw refusal(text, "it names no file") }
        for part in parts + [name] where part == "." || part == ".." || part.utf8.contains(0) {
            throw refusal(text, "`\(part)` in it could lead out of `\(path)`")
        }
        if isTemplated { name = disarm(name) }
        return FileSpot(
            folders: parts.map { Self.shortened($0, to: Self.folderBytesMax) }, name: Self.shortened(name, to: Self.nameBytesMax))
    }

    /// The whole path of a place, for messages.
    func text(_ spot: FileSpot) -> String {
        ([path.hasSuffix("/") ? String(path.dropLast()) : path] + spot.folders + [spot.name]).joined(separator: "/")
    }

    private func refusal(_ text: String, _ reason: String) -> OutputError {
        OutputError(code: .cannotCreate, message: "cannot create `\(text)`: \(reason)", isPermanent: isTemplated)
    }

    /// A name that is too long keeps its beginning and its extension; a hash of the whole stands between, so that two different
    /// names stay two files.
    static func shortened(_ name: String, to bytesMax: Int) -> String {
        let bytes = Array(name.utf8)
        guard bytes.count > bytesMax else { return name }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        let mark = "~" + String(repeating: "0", count: 16 - digits.count) + digits
        var tail: ArraySlice<UInt8> = []
        if let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0, bytes.count - dot <= 16 { tail = bytes[dot...] }
        var kept = bytesMax - mark.utf8.count - tail.count
        while kept > 0, bytes[kept] & 0xC0 == 0x80 { kept -= 1 }
        return String(decoding: bytes[..<kept], as: UTF8.self) + mark + String(decoding: tail, as: UTF8.self)
    }
}
