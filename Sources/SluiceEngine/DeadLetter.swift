package import CSluice
import SluiceEncoding
package import SluiceEvent

/// One event that could not be handled, as the JSON line that `dead-letters list` and `filter` print.
///
/// Keys: `id`, `time`, `rule`, `line`, `error`, `generation`, `event` (as it was before the rule), `raw` (the original bytes;
/// `raw_b64` when they are not UTF-8), and `traceback` when there is one.
package struct DeadLetterWriter: ~Copyable {
    private var encoder = JSONEventEncoder()
    private let line = UnsafeMutablePointer<sl_buffer>.allocate(capacity: 1)
    private var lastID = 0
    /// Of which load of the rules.
    package let generation: Int

    /// A writer that numbers its letters from 1.
    package init(generation: Int = 1) {
        self.generation = generation
        line.initialize(to: sl_buffer())
    }

    deinit {
        sl_buffer_destroy(line)
        line.deallocate()
    }

    /// What to say of one letter.
    package struct Reason {
        let rule: String?
        let line: Int
        let error: String
        let traceback: [String]

        /// A reason.
        package init(rule: String?, line: Int, error: String, traceback: [String] = []) {
            self.rule = rule
            self.line = line
            self.error = error
            self.traceback = traceback
        }
    }

    /// The letter's line, LF included; valid until the next one. `event` is nil for a frame that did not become one.
    package mutating func text(
        _ reason: Reason, time: Int64, event: UnsafePointer<sl_event>?, raw: UnsafeRawBufferPointer,
        in batch: borrowing EventBatch
    ) -> UnsafeMutablePointer<sl_buffer> {
        lastID += 1
        line.pointee.length = 0
        append("{\"id\":\(lastID),\"time\":\"")
        var time48 = [UInt8](repeating: 0, count: 48)
        let length = TimestampText.print(ns: time, detail: 3, to: &time48)
        append(time48[..<length])
        append("\",\"rule\":")
        appendLiteral(reason.rule)
        append(",\"line\":" + (reason.line > 0 ? String(reason.line) : "null"))
        append(",\"error\":")
        appendLiteral(reason.error)
        append(",\"generation\":\(generation),\"event\":")
        if let event {
            encoder.encode(event, of: UnsafePointer(batch.raw), to: line)
            line.pointee.length -= 1
        } else {
            append("null")
        }
        appendRaw(raw)
        if !reason.traceback.isEmpty {
            append(",\"traceback\":[")
            for (index, level) in reason.traceback.enumerated() {
                if index > 0 { append(",") }
                appendLiteral(level)
            }
            append("]")
        }
        append("}\n")
        return line
    }

    private func append(_ text: String) { append(Array(text.utf8)[...]) }

    private func append(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { if let start = $0.baseAddress { sl_buffer_append(line, start, $0.count) } }
    }

    private func appendLiteral(_ text: String?) {
        guard let text else { return append("null") }
        Array(text.utf8).withUnsafeBytes { appendEscaped($0) }
    }

    private func appendEscaped(_ bytes: UnsafeRawBufferPointer) {
        append("\"")
        let to = sl_buffer_reserve(line, bytes.count * 6)!
        if let from = bytes.baseAddress {
            line.pointee.length += sl_json_escape(to, from.assumingMemoryBound(to: UInt8.self), bytes.count, nil)
        }
        append("\"")
    }

    private func appendRaw(_ raw: UnsafeRawBufferPointer) {
        if String(validating: raw, as: UTF8.self) != nil {
            append(",\"raw\":")
            appendEscaped(raw)
        } else {
            append(",\"raw_b64\":\"" + Self.base64(raw) + "\"")
        }
    }

    /// RFC 4648 §4.
    package static func base64(_ bytes: UnsafeRawBufferPointer) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = (0..<3).map { start + $0 < bytes.count ? UInt32(bytes[start + $0]) : 0 }
            let value = group[0] << 16 | group[1] << 8 | group[2]
            for digit in 0..<4 {
                let isPadding = start + digit > bytes.count
                text.append(isPadding ? UInt8(ascii: "=") : digits[Int(value >> UInt32(18 - 6 * digit) & 63)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
