import CSluice
import SluiceEvent
import SluiceTestKit

@testable import SluiceDecoding

/// What decoding an entry gave.
struct DecodedEntry {
    var events: [DecodedEvent] = []
    var fault: MessagePackFault?
    /// Bytes that the arena grew by beyond the entry's own.
    var growth = 0
    /// `time_ns` of the event.
    var time = Int64.min
}

/// Decodes an entry that is at the end of its arena, so that a read far behind it leaves the memory.
func decodeEntry(_ entry: [UInt8], tag: String = "t") -> DecodedEntry {
    let batch = EventBatch()
    let decoder = ForwardEventDecoder()
    let place = Array(tag.utf8).withUnsafeBytes { decoder.place(tag: $0, in: batch) }!
    let before = batch.byteCount
    var result = DecodedEntry()
    entry.withUnsafeBytes { bytes in
        var entries = ForwardEntries(bytes)
        guard let entry = entries.next(), let body = entry.body else { return result.fault = .notAnEntry }
        result.fault = decoder.decode(entry.bytes, body: body, tag: place, received: 7, into: batch)
    }
    result.growth = batch.byteCount - before - entry.count
    result.events = DecodedEvent.all(of: batch)
    if batch.count > 0 { result.time = batch.raw.pointee.events[0].time_ns }
    return result
}

/// The one event of an entry, as text; the reason when it was refused.
func summary(of entry: String) -> String {
    let result = decodeEntry(packed(entry))
    if let fault = result.fault { return "\(fault)" }
    guard let event = result.events.first, result.events.count == 1 else { return "\(result.events.count) events" }
    return event.summary + (event.flagNames.isEmpty ? "" : " !" + event.flagNames.joined(separator: ","))
}
