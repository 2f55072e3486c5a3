package import CSluice
package import SluiceComponent
package import SluiceConfig
import SluiceEvent

/// Rows of comma-separated values (RFC 4180), with a line end after each and a row of names first.
///
/// Columns are those of `columns` (`a.b` is a part of a nested value), else the fields of the first event. Values with the
/// delimiter, quotes or line ends stand in quotes; missing fields and null are empty. Fields that have no column are counted as
/// left out.
package struct CSVEncoder: Encoder {
    /// Name in configuration.
    package static let kind = "csv"

    /// Its options.
    package static let options: [OptionSpec] = [
        OptionSpec(
            "columns", .list, "fields in the order of their columns; without it those of the first event",
            example: "timestamp,hostname,message"),
        OptionSpec("delimiter", .character, default: ",", "the character between values", example: ";"),
        OptionSpec("header", .boolean, default: "true", "writes the names of the columns as the first row", example: "false"),
    ]

    package private(set) var counts = EncodingCounts()
    private var columns: [FieldPath]
    private let delimiter: UInt8
    private let hasColumns: Bool
    /// Whether the next record is the first one.
    private var isAtStart = true
    private let writesHeader: Bool

    /// An encoder with checked options.
    package init(_ values: OptionValues) throws(ConfigError) {
        columns = (values.list("columns") ?? []).map { FieldPath($0.utf8) }
        hasColumns = values.isSet("columns")
        delimiter = values.character("delimiter") ?? UInt8(ascii: ",")
        writesHeader = values.boolean("header")
        if delimiter == UInt8(ascii: "\"") || delimiter == 0x0A || delimiter == 0x0D {
            throw ConfigError(
                .invalidValue, "a quote or line end cannot be the `delimiter` of encoding `csv`; it takes another character")
        }
    }

    package mutating func encode(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        if isAtStart { start(event, of: batch, to: output) }
        let row = OutputTail(output)
        for index in 0..<columns.count {
            if index > 0 { sl_buffer_append_byte(output, delimiter) }
            let tail = OutputTail(output)
            columns[index].value(in: event, of: batch).append(of: batch, to: output)
            quoteIfNeeded(tail)
        }
        end(row)
        countLeftOut(event, of: batch)
    }

    /// Takes the columns from the first event when they are not given, and writes their names.
    private mutating func start(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        isAtStart = false
        if !hasColumns {
            // SAFETY: slots and names of an event lie in its batch.
            for index in 0..<Int(event.pointee.count) {
                let slot = UnsafePointer(batch.pointee.slots + Int(event.pointee.first) + index)
                if Int(slot.pointee.type) == SL_ABSENT || slot.pointee.flags & UInt8(SL_META) != 0 { continue }
                var length = 0
                guard let name = sl_slot_name(batch, slot, &length) else { continue }
                let path = FieldPath(UnsafeRawBufferPointer(start: name, count: length), isFlat: true)
                if !columns.contains(path) { columns.append(path) }
            }
        }
        if writesHeader { appendHeader(to: output) }
    }

    /// The row of names that options with `columns` give.
    package static func headerRow(_ values: OptionValues) throws(ConfigError) -> [UInt8] {
        var row = sl_buffer()
        defer { sl_buffer_destroy(&row) }
        try CSVEncoder(values).appendHeader(to: &row)
        return Array(UnsafeBufferPointer(start: row.bytes, count: row.length))
    }

    private func appendHeader(to output: UnsafeMutablePointer<sl_buffer>) {
        let row = OutputTail(output)
        for (index, column) in columns.enumerated() {
            if index > 0 { sl_buffer_append_byte(output, delimiter) }
            let tail = OutputTail(output)
            column.appendText(to: output)
            quoteIfNeeded(tail)
        }
        end(row)
    }

    /// Ends a row; one that holds a single empty value needs quotes, or it would be no row at all.
    private func end(_ row: OutputTail) {
        if row.count == 0 { SlotText.append("\"\"", to: row.output) }
        sl_buffer_append_byte(row.output, 0x0A)
    }

    @inline(__always)
    private func quoteIfNeeded(_ tail: OutputTail) {
        guard tail.contains(delimiter, UInt8(ascii: "\""), 0x0A, 0x0D) else { return }
        tail.rewrite(bytesMax: 2) { byte, to in
            // SAFETY: at most two bytes.
            to[0] = byte
            guard byte == UInt8(ascii: "\"") else { return 1 }
            to[1] = byte
            return 2
        }
        SlotText.append("\"\"", to: tail.output)
        // SAFETY: two bytes more than the value were appended.
        memmove(tail.bytes + 1, tail.bytes, tail.count - 2)
        tail.bytes[0] = UInt8(ascii: "\"")
    }

    private mutating func countLeftOut(_ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>) {
        // SAFETY: the event's slots lie in its batch.
        for index in 0..<Int(event.pointee.count) {
            let slot = UnsafePointer(batch.pointee.slots + Int(event.pointee.first) + index)
            if Int(slot.pointee.type) == SL_ABSENT || slot.pointee.flags & UInt8(SL_META) != 0 { continue }
            if !hasColumn(slot, of: batch) { counts.fieldsLeftOut += 1 }
        }
    }

    private func hasColumn(_ slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>) -> Bool {
        for index in 0..<columns.count where columns[index].names(slot, of: batch) { return true }
        return false
    }
}
