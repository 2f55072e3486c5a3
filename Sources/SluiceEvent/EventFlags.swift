/// Repairs and findings of one event, as a bit set; shown to rules as the names in `meta.flags` and counted per name.
package struct EventFlags: OptionSet, Sendable, Hashable {
    package let rawValue: UInt64

    /// Any set of bits.
    @inlinable @inline(__always) package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// No bit. Not the literal `[]`: from another target that calls the generic initialiser of the standard library.
    @inlinable @inline(__always) package static var none: EventFlags { EventFlags(rawValue: 0) }

    // Computed and inlined: a stored static costs each use in another module a call and a check.
    @inlinable @inline(__always) package init(bit: UInt64) { rawValue = 1 &<< bit }

    /// No `<PRI>`: facility and severity are absent.
    @inlinable package static var noPri: EventFlags { EventFlags(bit: 0) }
    /// A PRI that is not plain digits 0...191 was taken as text, or one with leading zeros was accepted.
    @inlinable package static var priInvalid: EventFlags { EventFlags(bit: 1) }
    /// No usable time in the frame.
    @inlinable package static var noTimestamp: EventFlags { EventFlags(bit: 2) }
    /// RFC 3164 time without a year: the year is the latest that fits (PRODUCT §3).
    @inlinable package static var yearGuessed: EventFlags { EventFlags(bit: 3) }
    /// Time without a zone, or with an ambiguous zone name: the configured zone was taken.
    @inlinable package static var zoneGuessed: EventFlags { EventFlags(bit: 4) }
    /// The sender marks its clock as not set or not synchronised (Cisco `*` and `.`).
    @inlinable package static var clockUnsynchronised: EventFlags { EventFlags(bit: 5) }
    /// `hostname` was filled in from the peer.
    @inlinable package static var hostFromPeer: EventFlags { EventFlags(bit: 6) }
    /// Neither header nor tag was recognised: everything is `message`.
    @inlinable package static var headerless: EventFlags { EventFlags(bit: 7) }
    /// Structured data that does not parse was left in `message`.
    @inlinable package static var sdInvalid: EventFlags { EventFlags(bit: 8) }
    /// An RFC 5424 version with a header that is not RFC 5424 (Meraki and the like).
    @inlinable package static var rfc5424Partial: EventFlags { EventFlags(bit: 9) }
    /// The frame was longer than `max_frame_size`, or its end never came.
    @inlinable package static var truncated: EventFlags { EventFlags(bit: 10) }
    /// Octet count, separator or trailer was repaired.
    @inlinable package static var framingRepaired: EventFlags { EventFlags(bit: 11) }
    /// Converted from GBK or GB18030.
    @inlinable package static var charsetGbk: EventFlags { EventFlags(bit: 12) }
    /// Converted from Latin-1.
    @inlinable package static var charsetLatin1: EventFlags { EventFlags(bit: 13) }
    /// Converted from UTF-16.
    @inlinable package static var charsetUtf16: EventFlags { EventFlags(bit: 14) }
    /// Converted from another configured charset.
    @inlinable package static var charsetConverted: EventFlags { EventFlags(bit: 15) }
    /// Bytes could not be converted by the configured charset and were replaced.
    @inlinable package static var charsetInvalid: EventFlags { EventFlags(bit: 16) }
    /// `message_format` did not fit; `message` was left as it was.
    @inlinable package static var messageUndecoded: EventFlags { EventFlags(bit: 17) }
    /// The frame is not of the configured format: everything is `message`.
    @inlinable package static var undecoded: EventFlags { EventFlags(bit: 18) }
    /// Several lines were joined into one event.
    @inlinable package static var multiline: EventFlags { EventFlags(bit: 19) }
    /// Joining stopped at the limit of lines or bytes.
    @inlinable package static var multilineLimit: EventFlags { EventFlags(bit: 20) }
    /// A value was outside what the format allows and was kept as text.
    @inlinable package static var valueInvalid: EventFlags { EventFlags(bit: 21) }
    /// A byte-order mark was taken off the message.
    @inlinable package static var bomRemoved: EventFlags { EventFlags(bit: 22) }
    /// Parts of one container log line were joined.
    @inlinable package static var partialJoined: EventFlags { EventFlags(bit: 23) }
    /// A record had more or fewer columns than its header.
    @inlinable package static var columnsMismatch: EventFlags { EventFlags(bit: 24) }
    /// A JSON object had a key more than once; the last one is read.
    @inlinable package static var duplicateKey: EventFlags { EventFlags(bit: 25) }
    /// The event was read again after a restart.
    @inlinable package static var replayed: EventFlags { EventFlags(bit: 26) }

    /// NUL, CR or LF at the frame's end were left out.
    @inlinable package static var trailerRemoved: EventFlags { EventFlags(bit: 27) }
    /// Second 60 counts as the second after it.
    @inlinable package static var leapSecond: EventFlags { EventFlags(bit: 28) }

    /// Name of each bit as rules, metrics and documentation show it, by bit number.
    package static let names: [StaticString] = [
        "no_pri", "pri_invalid", "no_timestamp", "year_guessed", "zone_guessed", "clock_unsynchronised",
        "host_from_peer", "headerless", "sd_invalid", "rfc5424_partial", "truncated", "framing_repaired", "charset_gbk",
        "charset_latin1", "charset_utf16", "charset_converted", "charset_invalid", "message_undecoded", "undecoded",
        "multiline", "multiline_limit", "value_invalid", "bom_removed", "partial_joined", "columns_mismatch",
        "duplicate_key", "replayed", "trailer_removed", "leap_second",
    ]
}
