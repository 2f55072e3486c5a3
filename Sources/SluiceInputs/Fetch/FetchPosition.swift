import SluiceConfig

/// Where a file of another host was read to: the value of a saved position.
struct FetchPosition: Equatable, Sendable {
    var place: FetchPlace
    /// The bytes before the place.
    var tail = Fingerprint.none

    init(place: FetchPlace, tail: Fingerprint = .none) {
        self.place = place
        self.tail = tail
    }

    /// One JSON object; `name` is there for people.
    func text(name: String) -> String {
        JSONText.object([
            ("path", JSONText.literal(name)), ("inode", String(place.inode)), ("offset", String(place.offset)),
            ("tail", "\"" + String(tail.hash, radix: 16) + "\""), ("tail_length", String(tail.length)),
        ])
    }

    /// What ``text(name:)`` says; nil for any other text.
    init?(text: String) {
        guard let members = FlatJSON.members(text), let inode = members["inode"].flatMap({ UInt64($0) }),
            let offset = members["offset"].flatMap({ Int($0) }), let hash = members["tail"].flatMap({ UInt64($0, radix: 16) }),
            let length = members["tail_length"].flatMap({ Int($0) }), offset >= 0, (0...Fingerprint.tailBytesMax).contains(length),
            length <= offset
        else { return nil }
        self.init(place: FetchPlace(inode: inode, offset: offset), tail: Fingerprint(hash: hash, length: length))
    }
}
