package import SluiceComponent
package import SluiceEvent

/// Decodes syslog of both kinds, decided per message: RFC 5424 behind `<PRI>1 `, else RFC 3164.
///
/// The events name the format that was found. Tolerant: every frame is an event; without PRI, time and tag all of it is
/// `message`.
package struct SyslogDecoder: Decoder {
    private var rfc3164: RFC3164Decoder
    private var rfc5424: RFC5424Decoder

    /// `zone` is taken for times without a zone.
    package init(zone: Zone, strict: Bool) {
        rfc3164 = RFC3164Decoder(zone: zone, strict: strict)
        rfc5424 = RFC5424Decoder(zone: zone, strict: strict)
    }

    @inline(__always)
    package mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        // The fast path takes no frame that has a digit behind the PRI.
        if rfc3164.decodeCommonForm(frame, received: received, into: batch) { return .decoded }
        return decodeCarefully(frame, received: received, into: batch)
    }

    @inline(never)
    mutating func decodeCarefully(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        rfc5424.decodeIfClaimed(frame, received: received, into: batch)
            ?? rfc3164.decodeCarefully(frame, received: received, into: batch)
    }
}
