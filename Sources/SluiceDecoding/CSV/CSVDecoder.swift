internal import CSluice
internal import Glibc
package import SluiceComponent
package import SluiceEvent

/// Records of fields with separators (RFC 4180 and its dialects), one event per record.
///
/// The framer keeps quoted line ends together; a frame may hold several records. Values are text. Empty records make no
/// event. Fields behind the last named column are `cN` by their position; a record with more or fewer fields than columns is
/// flagged. Tolerant: quotes inside bare fields and text behind a closing quote are data, an open quote runs to the end.
package struct CSVDecoder: Decoder {
    private let dialect: CSVDialect
    private let delimiters: CSVDelimiters
    private let isStrict: Bool
    private var columns: CSVColumns
    private var needsHeader: Bool
    /// Nothing of the stream was read yet: a byte-order mark may come.
    private var isAtStart = true

    /// A decoder.
    package init(_ dialect: CSVDialect = CSVDialect(), strict isStrict: Bool = false) {
        self.dialect = dialect
        delimiters = CSVDelimiters(dialect.delimiters)
        self.isStrict = isStrict
        columns = CSVColumns(dialect.columns)
        needsHeader = dialect.hasHeader
    }

    package mutating func startStream() {
        isAtStart = true
        needsHeader = dialect.hasHeader
        if dialect.hasHeader { columns = CSVColumns(dialect.columns) }
    }

    package var readsHeader: Bool { dialect.hasHeader }

    package mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        let raw = batch.raw
        var frame = frame
        if isAtStart {
            isAtStart = false
            if let rest = frame.withoutByteOrderMark(raw) { frame = rest }
        }
        let before = raw.pointee.event_count
        // SAFETY: the frame lies in the arena, whose place is taken anew after each record.
        var at = frame.start
        while at < frame.end {
            let base = UnsafePointer<UInt8>(raw.pointee.bytes!)
            if base[at] == 0x0A || (base[at] == 0x0D && (at + 1 == frame.end || base[at + 1] == 0x0A)) {
                at += 1
                continue
            }
            let event = raw.begin(raw: frame.raw, flags: frame.flags, received: received, format: .csv)
            var reader = CSVRecordReader(
                dialect: dialect, delimiters: delimiters, isStrict: isStrict, batch: raw, base: base, at: base + at,
                end: base + frame.end)
            let reason = reader.read(&columns)
            let end = reader.at - reader.base
            if let reason {
                raw.cancel(downTo: before)
                return refuse(reason, frame, received, raw)
            }
            if needsHeader {
                needsHeader = false
                if dialect.columns.isEmpty { columns = CSVColumns(namedBy: event, of: raw) }
                sl_event_cancel(raw)
            } else {
                if frame.isVerbatim, at > frame.start || end < frame.end { event.pointee.raw = Self.record(reader.base, at, end) }
                raw.end()
            }
            at = end
        }
        return .decoded
    }

    private func refuse(
        _ reason: StaticString, _ frame: Frame, _ received: Int64, _ batch: UnsafeMutablePointer<sl_batch>
    ) -> DecodingOutcome {
        if isStrict { return .refused(reason) }
        batch.appendUndecoded(frame, received: received, format: .csv)
        return .decoded
    }

    /// The bytes of a record without its line end.
    private static func record(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> sl_span {
        var end = end
        if end > start, base[end - 1] == 0x0A { end -= 1 }
        if end > start, base[end - 1] == 0x0D { end -= 1 }
        return sl_span(offset: UInt32(truncatingIfNeeded: start), length: UInt32(truncatingIfNeeded: end - start))
    }
}
