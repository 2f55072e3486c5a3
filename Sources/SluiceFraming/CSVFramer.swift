import CSluice
package import SluiceComponent
import SluiceEvent

/// What a CSV framer must know of the format to tell a quoted line end from one that ends a row.
package struct CSVQuoting: Sendable, Equatable {
    /// Bytes that end a field.
    package var delimiters: [UInt8]
    /// The quote, nil when there is none.
    package var quote: UInt8?
    /// Whether a backslash inside quotes takes the next byte's meaning away; otherwise quotes are doubled.
    package var escapesWithBackslash: Bool
    /// Whether blanks may stand before an opening quote.
    package var allowsBlanksBeforeQuote: Bool

    /// Quoting; the default is RFC 4180.
    package init(
        delimiters: [UInt8] = [0x2C], quote: UInt8? = 0x22, escapesWithBackslash: Bool = false,
        allowsBlanksBeforeQuote: Bool = false
    ) {
        self.delimiters = delimiters
        self.quote = quote
        self.escapesWithBackslash = escapesWithBackslash
        self.allowsBlanksBeforeQuote = allowsBlanksBeforeQuote
    }
}

/// Rows of CSV: LF or CR LF ends a row unless it stands inside quotes (RFC 4180 section 2.6).
///
/// A quote opens at a field's start only. One that never closes must not swallow the file: when the limit or the end of the
/// stream comes first, the row ends at its first LF and reading goes on behind it.
package struct CSVFramer: Framer {
    private enum Place {
        case fieldStart, unquoted, quoted, escaped, behindQuote
    }

    private let quoting: CSVQuoting
    private let isDelimiter: (UInt64, UInt64, UInt64, UInt64)
    private let bytesMax: Int
    private var lines: LineCutter
    /// Bytes from the window's position on that `place` stands behind.
    private var scanned = 0
    private var place = Place.fieldStart
    /// Offset of the first LF from the position on, quoted or not; -1 without one.
    private var firstLF = -1
    private var isOversize = false

    /// A framer.
    package init(_ quoting: CSVQuoting = CSVQuoting(), _ options: FramingOptions = FramingOptions()) {
        var options = options
        options.trailers = [0x0A]
        self.quoting = quoting
        bytesMax = options.frameBytesMax
        lines = LineCutter(options)
        var bits: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for byte in quoting.delimiters {
            let bit: UInt64 = 1 << UInt64(byte & 63)
            switch byte >> 6 {
            case 0: bits.0 |= bit
            case 1: bits.1 |= bit
            case 2: bits.2 |= bit
            default: bits.3 |= bit
            }
        }
        isDelimiter = bits
    }

    package mutating func next(_ window: inout FrameWindow) -> Frame? {
        while true {
            if lines.isSkipping || lines.failure != nil || isOversize {
                switch lines.step(&window) {
                case .frame(let frame):
                    isOversize = false
                    return frame
                case .passed:
                    isOversize = false
                    continue
                case .starved: return nil
                }
            }
            guard let length = scan(window) else {
                let available = window.limit - window.position
                let isOpen = place == .quoted || place == .escaped
                if available >= rowBytesMax || (window.isFinal && isOpen && firstLF >= 0) {
                    // The line up to the first LF, by the rules for lines: within the limit, cut or dropped.
                    restart()
                    isOversize = true
                    continue
                }
                guard window.isFinal, available > 0 else { return nil }
                if let frame = take(available, separators: 0, &window) { return frame }
                continue
            }
            if let frame = take(length, separators: 1, &window) { return frame }
        }
    }

    package var failure: FramingFailure? { lines.failure }
    package var counts: FramingCounts { lines.counts }

    /// Bytes that may be looked at before a row must have ended: the limit, CR and LF.
    private var rowBytesMax: Int { bytesMax + 2 }

    private mutating func restart() {
        scanned = 0
        place = .fieldStart
        firstLF = -1
    }

    private mutating func take(_ length: Int, separators: Int, _ window: inout FrameWindow) -> Frame? {
        restart()
        let row = lines.take(length, separators: separators, &window)
        if case .frame(let frame) = row { return frame }
        return nil
    }

    /// Length of the row at the window's position without its LF, or nil when its end has not come.
    private mutating func scan(_ window: FrameWindow) -> Int? {
        let at = window.base + window.position
        // Never further than the limit, so that it does not matter how much has come already.
        let available = min(window.limit - window.position, rowBytesMax)
        let quote = quoting.quote
        if scanned == 0 {
            // SAFETY: within the window; SL_PADDING bytes follow it.
            let length = sl_find_either(at, available, 0x0A, quote ?? 0x0A)
            if length < available, at[length] == 0x0A { return length }
        }
        var n = scanned
        while n < available {
            let byte = at[n]
            if byte == 0x0A, firstLF < 0 { firstLF = n }
            switch place {
            case .quoted:
                if byte == quote {
                    place = .behindQuote
                } else if byte == 0x5C, quoting.escapesWithBackslash {
                    place = .escaped
                }
            case .escaped: place = .quoted
            case .behindQuote, .fieldStart, .unquoted:
                if byte == 0x0A { return n }
                if byte == quote, place != .unquoted {
                    // At a field's start it opens; behind a quote it is the second of two.
                    place = .quoted
                } else if delimits(byte) {
                    place = .fieldStart
                } else if place != .fieldStart || byte != 0x20 || !quoting.allowsBlanksBeforeQuote {
                    place = .unquoted
                }
            }
            n += 1
        }
        scanned = available
        return nil
    }

    @inline(__always)
    private func delimits(_ byte: UInt8) -> Bool {
        let bits =
            switch byte >> 6 {
            case 0: isDelimiter.0
            case 1: isDelimiter.1
            case 2: isDelimiter.2
            default: isDelimiter.3
            }
        return bits >> UInt64(byte & 63) & 1 != 0
    }
}
