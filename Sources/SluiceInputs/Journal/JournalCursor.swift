import SluiceEvent

/// The name that the journal gives an entry: `s=…;i=…;b=BOOT;m=MONOTONIC;t=TIME;x=HASH`.
struct JournalCursor: Equatable {
    /// As journalctl wrote it.
    let text: String

    /// The part behind `NAME=`.
    private func part(_ name: Character) -> Substring? {
        text.split(separator: ";").first { $0.first == name && $0.dropFirst().first == "=" }?.dropFirst(2)
    }

    /// Whether both name one entry. The file that an entry lies in (`s`) and its number there (`i`) change when journald moves it from
    /// memory to the disk, so they do not count.
    func isSameEntry(as other: JournalCursor) -> Bool {
        if text == other.text { return true }
        return "bmtx".allSatisfy { name in
            guard let mine = part(name), let theirs = other.part(name) else { return false }
            return mine == theirs
        }
    }

    /// When the entry was written, RFC 3339; nil for what is no cursor.
    var time: String? {
        guard let microseconds = part("t").flatMap({ Int64($0, radix: 16) }), microseconds >= 0, microseconds <= Int64.max / 1_000 else {
            return nil
        }
        return TimestampText.text(ns: microseconds * 1_000, digits: 6)
    }
}
