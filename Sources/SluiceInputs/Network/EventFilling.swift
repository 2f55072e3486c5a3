import CSluice
import Glibc
package import SluiceEvent
import SluiceNetwork

/// Puts into events what the receiver knows of them: `meta.peer`, the credentials of a Unix peer, the name of a TLS certificate, and for
/// `type: syslog` a missing `hostname` and `timestamp`.
///
/// What is known of a sender is written once into a batch's arena and shared by all its events; no event costs an allocation:
///
///     let sender = filling.place(peer, in: batch)          // once per batch and sender
///     …decode…
///     filling.fill(batch, from: firstNewEvent, of: sender)
package struct EventFilling {
    /// Where what is known of a sender stands in one batch; valid until that is cleared or sent.
    package struct Placed {
        fileprivate let place: sl_sender
    }

    private let zone: Zone
    private var filling: sl_filling
    /// Seconds since 1970 from and before which the zone's offset holds.
    private var period: Range<Int64> = 0..<0

    /// A filling; `zone` is that of filled timestamps. Without `fillsFields` only `meta` is set.
    package init(fillsFields: Bool, zone: Zone) {
        self.zone = zone
        filling = sl_filling(
            fact_keys: (
                FieldKey("pid").id, FieldKey("uid").id, FieldKey("gid").id, FieldKey("tls_peer").id
            ), fills_fields: fillsFields, offset_minutes: 0, host_flag: EventFlags.hostFromPeer.rawValue,
            time_flag: EventFlags.noTimestamp.rawValue)
    }

    /// Writes what is known of a sender into a batch's arena.
    package func place(_ sender: EventSender, in batch: borrowing EventBatch) -> Placed {
        var place = sl_sender(
            peer: .max, host: .max, facts: (.max, .max, .max, .max))
        if let address = sender.address {
            place.peer = Self.place(address, in: batch)
            place.host = place.peer
        } else if filling.fills_fields {
            place.host = Self.placeLocalHost(in: batch)
        }
        if let credentials = sender.credentials {
            if credentials.process > 0 { place.facts.0 = Self.place(Int64(credentials.process), in: batch) }
            place.facts.1 = Self.place(Int64(credentials.user), in: batch)
            place.facts.2 = Self.place(Int64(credentials.group), in: batch)
        }
        if var name = sender.certificateName {
            place.facts.3 = name.withUTF8 { Self.place(UnsafeRawBufferPointer($0), in: batch) }
        }
        return Placed(place: place)
    }

    /// Fills in the events from index `first` on, which one sender has sent and the batch was not yet filled with.
    package mutating func fill(_ batch: borrowing EventBatch, from first: Int, of sender: Placed) {
        guard first < batch.count else { return }
        if filling.fills_fields { chooseOffset(batch.raw.pointee.events[first].received_ns) }
        var place = sender.place
        let isComplete = sl_fill_events(batch.raw, UInt32(first), &place, &filling)
        precondition(isComplete, "out of memory for the fields of \(batch.count) events")
    }

    private mutating func chooseOffset(_ received: Int64) {
        let seconds = received / 1_000_000_000
        guard !period.contains(seconds) else { return }
        let found = zone.period(atUnix: seconds)
        period = found.from..<max(found.from, found.until)
        filling.offset_minutes = Int16(clamping: found.offsetSeconds / 60)
    }

    // MARK: - Texts

    private static func place(_ text: UnsafeRawBufferPointer, in batch: borrowing EventBatch) -> UInt32 {
        let offset = sl_batch_append_name(batch.raw, text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count)
        precondition(offset != UInt32.max, "out of memory for what is known of a sender")
        return offset
    }

    private static func place(_ address: IPAddress, in batch: borrowing EventBatch) -> UInt32 {
        withUnsafeTemporaryAllocation(byteCount: IPAddress.textBytesMax, alignment: 1) { buffer in
            let length = address.write(to: buffer)
            return place(UnsafeRawBufferPointer(rebasing: buffer[..<length]), in: batch)
        }
    }

    private static func place(_ number: Int64, in batch: borrowing EventBatch) -> UInt32 {
        withUnsafeTemporaryAllocation(byteCount: 24, alignment: 1) { buffer in
            let length = sl_print_integer(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), number)
            return place(UnsafeRawBufferPointer(rebasing: buffer[..<length]), in: batch)
        }
    }

    /// The name of this machine as it is now: early in a system's start it is often another one.
    private static func placeLocalHost(in batch: borrowing EventBatch) -> UInt32 {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
            // A name that fills the buffer has no end; the last byte is kept out of the call.
            buffer[255] = 0
            let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            guard let start, gethostname(start, 255) == 0, start[0] != 0 else { return .max }
            let name = UnsafeRawBufferPointer(rebasing: buffer[..<strlen(start)])
            // The JSON encoder copies it as it stands.
            guard name.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }) else { return .max }
            return place(name, in: batch)
        }
    }
}
