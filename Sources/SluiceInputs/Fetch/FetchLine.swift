/// Where a reader stands in a file of another host: which file, and bytes from its start.
package struct FetchPlace: Equatable, Sendable {
    package var inode: UInt64
    package var offset: Int

    /// A place.
    package init(inode: UInt64, offset: Int) {
        self.inode = inode
        self.offset = offset
    }
}

/// What a reader asks for: one line, `FILE[ INODE OFFSET]`.
package struct FetchRequest: Equatable, Sendable {
    /// Bytes of a line at most, its end included: the longest path, two numbers and the blanks between them.
    static let bytesMax = 4_096 + 44
    /// What the line with a token begins with.
    private static let tokenWord = "TOKEN "

    /// The name, as the host was told to serve it.
    package let file: String
    /// Where to go on; nil at the first time.
    package let place: FetchPlace?

    /// A request.
    package init(file: String, place: FetchPlace?) {
        self.file = file
        self.place = place
    }

    /// The line with its end; before it one with the token, when there is one.
    func text(token: String?) -> String {
        let place = place.map { " \($0.inode) \($0.offset)" } ?? ""
        return (token.map { Self.tokenWord + $0 + "\n" } ?? "") + file + place + "\n"
    }

    /// Reads a line without its end. Of the names in `files` the whole line is looked for first: a name may end in two numbers.
    init(line: String, files: (String) -> Bool) {
        if !files(line), let (file, place) = Self.split(line) {
            self.init(file: file, place: place)
        } else {
            self.init(file: line, place: nil)
        }
    }

    /// The token of a line that is one.
    static func token(ofLine line: String) -> String? { line.hasPrefix(tokenWord) ? String(line.dropFirst(tokenWord.count)) : nil }

    private static func split(_ line: String) -> (file: String, place: FetchPlace)? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count >= 3, let offset = FetchAnswer.number(words[words.count - 1]).flatMap({ Int(exactly: $0) }),
            let inode = FetchAnswer.number(words[words.count - 2])
        else { return nil }
        return (words.dropLast(2).joined(separator: " "), FetchPlace(inode: inode, offset: offset))
    }
}

/// What a host answers: one line, `S INODE`, before the bytes of the file.
package enum FetchAnswer: Equatable, Sendable {
    /// `O`: the bytes from the offset of the request follow; or, when the inode is another, that file was read to its end, and this one,
    /// the next younger, follows from its start. `size` is that of the file; only hosts that were sent a token tell it.
    case ok(inode: UInt64, size: Int?)
    /// `L`: the inode is lost, or its file is shorter than the offset; this file follows from its start.
    case lost(inode: UInt64, size: Int?)
    /// `E`: nothing follows; the sentence says why.
    case refused(String)

    /// Bytes of a line at most, its end included.
    static let bytesMax = 512

    /// The line with its end.
    var text: String {
        func size(_ bytes: Int?) -> String { bytes.map { " \($0)" } ?? "" }
        return switch self {
        case .ok(let inode, let bytes): "O \(inode)\(size(bytes))\n"
        case .lost(let inode, let bytes): "L \(inode)\(size(bytes))\n"
        case .refused(let reason): "E \(String(decoding: reason.utf8.prefix(Self.bytesMax - 8), as: UTF8.self))\n"
        }
    }

    /// Reads a line without its end; nil for any other line.
    init?(line: some Sequence<UInt8>) {
        var text = String(decoding: Array(line), as: UTF8.self)
        if text.hasSuffix("\r") { text.removeLast() }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        if words.first == "E", words.count > 1 {
            self = .refused(String(text.dropFirst(2)))
            return
        }
        guard (2...3).contains(words.count), let inode = Self.number(words[1]) else { return nil }
        let size = words.count == 3 ? Self.number(words[2]).flatMap { Int(exactly: $0) } : nil
        if words.count == 3, size == nil { return nil }
        switch words[0] {
        case "O": self = .ok(inode: inode, size: size)
        case "L": self = .lost(inode: inode, size: size)
        default: return nil
        }
    }

    /// A number of digits alone.
    static func number(_ text: some StringProtocol) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return UInt64(text)
    }
}
