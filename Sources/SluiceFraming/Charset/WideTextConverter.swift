import CSluice

/// Turns a stream of UTF-16 or UTF-32 into UTF-8, as it comes: a unit or a surrogate pair may be cut anywhere.
///
/// The byte-order mark goes. Lone surrogates, values outside Unicode and a unit that the stream's end cuts off become U+FFFD.
package struct WideTextConverter: Sendable {
    private let unitBytes: Int
    private var bigEndian: Bool?
    private var isAtStart = true
    private var carried: UInt32 = 0
    private var carriedBytes = 0
    private var highSurrogate: UInt32 = 0
    /// Places that were replaced by U+FFFD.
    package private(set) var invalid = 0

    /// A converter at the start of a stream, or nil for charsets of single bytes.
    package init?(_ charset: Charset) {
        guard case .wide(let unitBytes, let bigEndian) = charset.kind else { return nil }
        self.unitBytes = unitBytes
        self.bigEndian = bigEndian
    }

    /// Bytes that conversion of `count` bytes writes at most.
    package static func roomFor(_ count: Int) -> Int { count * 2 + 16 }

    /// Converts what has come to `to`, which has ``roomFor(_:)`` bytes; answers how many were written.
    package mutating func convert(_ bytes: UnsafeRawBufferPointer, to: UnsafeMutablePointer<UInt8>) -> Int {
        var written = 0
        for byte in bytes {
            // Kept in the order of arrival, the first byte highest.
            carried = carried << 8 | UInt32(byte)
            carriedBytes += 1
            if carriedBytes == unitBytes {
                written += take(carried, to + written)
                carried = 0
                carriedBytes = 0
            }
        }
        return written
    }

    /// The stream ended; what is half there becomes U+FFFD.
    package mutating func finish(to: UnsafeMutablePointer<UInt8>) -> Int {
        guard highSurrogate != 0 || carriedBytes > 0 else { return 0 }
        highSurrogate = 0
        carriedBytes = 0
        return replace(to)
    }

    /// Bytes of the stream that became `text`, the end of what was converted, together with those that are not converted yet.
    package func sourceBytes(of text: UnsafeRawBufferPointer) -> Int {
        var units = 0
        for byte in text where byte & 0xC0 != 0x80 { units += byte >= 0xF0 && unitBytes == 2 ? 2 : 1 }
        return units * unitBytes + carriedBytes + (highSurrogate != 0 ? unitBytes : 0)
    }

    private mutating func replace(_ to: UnsafeMutablePointer<UInt8>) -> Int {
        invalid += 1
        return sl_put_utf8(to, 0xFFFD)
    }

    private mutating func take(_ unit: UInt32, _ to: UnsafeMutablePointer<UInt8>) -> Int {
        let swapped = unitBytes == 2 ? unit >> 8 | (unit & 0xFF) << 8 : unit.byteSwapped
        if isAtStart {
            isAtStart = false
            if bigEndian == nil {
                bigEndian = unit == 0xFEFF
                if unit == 0xFEFF || swapped == 0xFEFF { return 0 }
            } else if (bigEndian == true ? unit : swapped) == 0xFEFF {
                return 0
            }
        }
        let value = bigEndian == true ? unit : swapped
        guard unitBytes == 2 else {
            if value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF) { return replace(to) }
            return sl_put_utf8(to, value)
        }
        var written = 0
        if value >= 0xDC00, value <= 0xDFFF, highSurrogate != 0 {
            let pair = 0x10000 + (highSurrogate - 0xD800) << 10 + (value - 0xDC00)
            highSurrogate = 0
            return sl_put_utf8(to, pair)
        }
        if highSurrogate != 0 {
            highSurrogate = 0
            written += replace(to)
        }
        if value >= 0xD800, value <= 0xDBFF {
            highSurrogate = value
            return written
        }
        if value >= 0xDC00, value <= 0xDFFF { return written + replace(to + written) }
        return written + sl_put_utf8(to + written, value)
    }
}
