/// Repairs and findings of one event, as a bit set; shown to rules as the names in `meta.flags` and counted per name.
package struct EventFlags: OptionSet, Sendable, Hashable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    private init(bit: Int) { rawValue = 1 << UInt64(bit) }

    /// No `<PRI>`: facility and severity are absent.
    package static let noPri = EventFlags(bit: 0)
    /// A PRI that is not plain digits 0...191 was taken as text, or one with leading zeros was accepted.
    package static let priInvalid = EventFlags(bit: 1)
    /// No usable time in the frame.
    package static let noTimestamp = EventFlags(bit: 2)
    /// RFC 3164 time without a year: the year is the latest that fits (PRODUCT §3).
    package static let yearGuessed = EventFlags(bit: 3)
    /// Time without a zone, or with an ambiguous zone name: the configured zone was taken.
    package static let zoneGuessed = EventFlags(bit: 4)
    /// The sender marks its clock as not set or not synchronised (Cisco `*` and `.`).
    package static let clockUnsynchronised = EventFlags(bit: 5)
    /// `hostname` was filled in from the peer.
    package static let hostFromPeer = EventFlags(bit: 6)
    /// Neither header nor tag was recognised: everything is `message`.
    package static let headerless = EventFlags(bit: 7)
    /// Structured data that does not parse was left in `message`.
    package static let sdInvalid = EventFlags(bit: 8)
    /// An RFC 5424 version with a header that is not RFC 5424 (Meraki and the like).
    package static let rfc5424Partial = EventFlags(bit: 9)
    /// The frame was longer than `max_frame_size`, or its end never came.
    package static let truncated = EventFlags(bit: 10)
    /// Octet count, separator or trailer was repaired.
    package static let framingRepaired = EventFlags(bit: 11)
    /// Converted from GBK or GB18030.
    package static let charsetGbk = EventFlags(bit: 12)
    /// Converted from Latin-1.
    package static let charsetLatin1 = EventFlags(bit: 13)
    /// Converted from UTF-16.
    package static let charsetUtf16 = EventFlags(bit: 14)
    /// Converted from another configured charset.
    package static let charsetConverted = EventFlags(bit: 15)
    /// Bytes could not be converted by the configured charset and were replaced.
    package static let charsetInvalid = EventFlags(bit: 16)
    /// `message_format` did not fit; `message` was left as it was.
    package static let messageUndecoded = EventFlags(bit: 17)
    /// The frame is not of the configured format: everything is `message`.
    package static let undecoded = EventFlags(bit: 18)
    /// Several lines were joined into one event.
    package static let multiline = EventFlags(bit: 19)
    /// Joining stopped at the limit of lines or bytes.
    package static let multilineLimit = EventFlags(bit: 20)
    /// A value was outside what the format allows and was kept as text.
    package static let valueInvalid = EventFlags(bit: 21)
    /// A byte-order mark was taken off the message.
    package static let bomRemoved = EventFlags(bit: 22)
    /// Parts of one container log line were joined.
    package static let partialJoined = EventFlags(bit: 23)
    /// A record had more or fewer columns than its header.
    package static let columnsMismatch = EventFlags(bit: 24)
    /// A JSON object had a key more than once; the last one is read.
    package static let duplicateKey = EventFlags(bit: 25)
    /// The event was read again after a restart.
    package static let replayed = EventFlags(bit: 26)

    /// NUL, CR or LF at the frame's end were left out.
    package static let trailerRemoved = EventFlags(bit: 27)
    /// Second 60 counts as the second after it.
    package static let leapSecond = EventFlags(bit: 28)

    /// Name of each bit as rules, metrics and documentation show it, by bit number.
    package static let names: [StaticString] = [
        "no_pri", "pri_invalid", "no_timestamp", "year_guessed", "zone_guessed", "clock_unsynchronised",
        "host_from_peer", "headerless", "sd_invalid", "rfc5424_partial", "truncated", "framing_repaired", "charset_gbk",
        "charset_latin1", "charset_utf16", "charset_converted", "charset_invalid", "message_undecoded", "undecoded",
        "multiline", "multiline_limit", "value_invalid", "bom_removed", "partial_joined", "columns_mismatch",
        "duplicate_key", "replayed", "trailer_removed", "leap_second",
    ]
}
