import CSluice
import SluiceComponent
import SluiceConfig
import SluiceEvent

@testable import SluiceDecoding

/// Decodes texts, each a frame of one stream, by the format that users would write.
func decode(
    _ texts: [String], as format: String, strict: Bool = false, message: String? = nil
) throws -> (events: [DecodedEvent], refusal: String?) {
    var decoder = try DecoderCatalogue.make(
        OptionText(format), strict: strict, messageFormat: message.map { OptionText($0) }
    ).decoder
    let batch = EventBatch()
    var refusal: String?
    for text in texts {
        let span = Array(text.utf8).withUnsafeBytes { batch.append($0) }
        let frame = Frame(offset: Int(span.offset), length: Int(span.length))
        if case .refused(let reason) = decoder.decode(frame, received: 0, into: batch) { refusal = "\(reason)" }
    }
    decoder.finish(received: 0, into: batch)
    return (DecodedEvent.all(of: batch), refusal)
}

/// The only event of a text.
func event(_ text: String, as format: String, message: String? = nil) throws -> DecodedEvent {
    let events = try decode([text], as: format, message: message).events
    precondition(events.count == 1, "\(events.count) events of \(text)")
    return events[0]
}

extension DecodedEvent {
    /// Fields as `name=value` for comparison as a whole.
    var summary: String {
        fields.map { name, value in
            let text =
                switch value {
                case .null: "null"
                case .boolean(let flag): "\(flag)"
                case .integer(let number): "\(number)"
                case .number(let number): "\(number)f"
                case .bytes(let bytes): "'" + String(decoding: bytes, as: UTF8.self) + "'"
                case .time(let ns, _): "@\(ns)"
                case .json(let text): text
                case .escaped(let bytes): "\"" + String(decoding: bytes, as: UTF8.self) + "\""
                }
            return "\(name)=\(text)"
        }.joined(separator: " ")
    }
}
