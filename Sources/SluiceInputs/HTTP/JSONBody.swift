import CSluice
import Glibc

/// The records of a JSON body: its values one after the other (NDJSON is one form of that), and of arrays the elements. Pure; any bytes
/// are safe.
///
/// A body is walked through twice: once to the end to see that all of it is valid, then to cut the records out.
package struct JSONBody {
    /// Why a body cannot be read.
    package struct Fault: Error, Equatable, Sendable {
        /// A sentence for the sender.
        package let message: String
        /// From 1.
        package let line: Int
        /// Bytes before it, unpacked.
        package let offset: Int
        package var isTooLong = false
    }

    private static let depthMax: UInt32 = 512

    private let start: UnsafePointer<UInt8>
    private let limit: UnsafePointer<UInt8>
    private let valueBytesMax: Int
    private var at: UnsafePointer<UInt8>
    private var isInArray = false
    /// A comma or the array's end has to come before the next element.
    private var isBehindElement = false

    /// The records of bytes behind which SL_PADDING readable ones follow.
    package init(_ bytes: UnsafeBufferPointer<UInt8>, valueBytesMax: Int) {
        start = bytes.baseAddress!
        limit = start + bytes.count
        at = start
        self.valueBytesMax = valueBytesMax
        // A byte-order mark is no part of the text.
        if bytes.count >= 3, start[0] == 0xEF, start[1] == 0xBB, start[2] == 0xBF { at += 3 }
    }

    /// How many records there are; throws where the body is not JSON.
    package func count() throws(Fault) -> Int {
        var walk = self
        var count = 0
        while try walk.next() != nil { count += 1 }
        return count
    }

    /// The next record's place; nil at the end.
    package mutating func next() throws(Fault) -> Range<Int>? {
        while true {
            skipBlanks()
            guard at < limit else {
                if isInArray { throw fault("the array does not end") }
                return nil
            }
            if isInArray {
                if let value = try element() { return value }
            } else if at[0] == UInt8(ascii: "[") {
                isInArray = true
                isBehindElement = false
                at += 1
            } else {
                return try value()
            }
        }
    }

    /// The next element; nil when the array ends here.
    private mutating func element() throws(Fault) -> Range<Int>? {
        if at[0] == UInt8(ascii: "]"), isBehindElement || isFirst {
            isInArray = false
            at += 1
            return nil
        }
        if isBehindElement {
            guard at[0] == UInt8(ascii: ",") else { throw fault("a comma or the end of the array is expected") }
            at += 1
            skipBlanks()
            guard at < limit else { throw fault("the array does not end") }
        }
        isBehindElement = true
        return try value()
    }

    /// Whether nothing of the array has come yet.
    private var isFirst: Bool { !isBehindElement }

    private mutating func value() throws(Fault) -> Range<Int> {
        let begin = at
        var found: UInt32 = 0
        var isScalar = true
        switch begin[0] {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            at = sl_scan_nested(begin, limit, Self.depthMax, &found)
            isScalar = false
        case UInt8(ascii: "\""):
            at = sl_scan_string(begin + 1, limit, &found)
            if found & UInt32(SL_SCAN_FAILED) == 0 { at += 1 }
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): at = sl_scan_number(begin, limit, &found)
        default:
            guard let end = literal(begin) else { throw fault("a JSON value is expected") }
            at = end
        }
        at = min(at, limit)
        guard found & UInt32(SL_SCAN_FAILED) == 0 else { throw fault(at == limit ? "the value does not end" : "this is no valid JSON") }
        if isScalar, at < limit, !isDelimiter(at[0]) { throw fault("a line end or a comma is expected behind the value") }
        guard at - begin <= valueBytesMax else {
            let bytes = at - begin
            at = begin
            throw fault("a value of \(bytes) bytes is longer than `max_frame_size` (\(valueBytesMax))", isTooLong: true)
        }
        return begin - start..<at - start
    }

    private func literal(_ begin: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
        for literal in ["true", "false", "null"] as [StaticString]
        where limit - begin >= literal.utf8CodeUnitCount && memcmp(begin, literal.utf8Start, literal.utf8CodeUnitCount) == 0 {
            return begin + literal.utf8CodeUnitCount
        }
        return nil
    }

    private func isDelimiter(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
            || isInArray && (byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]"))
    }

    private mutating func skipBlanks() {
        var found: UInt32 = 0
        at = sl_scan_blanks(at, limit, &found)
    }

    private func fault(_ message: String, isTooLong: Bool = false) -> Fault {
        var line = 1
        var place = start
        while place < at {
            if place[0] == 0x0A { line += 1 }
            place += 1
        }
        return Fault(message: message, line: line, offset: at - start, isTooLong: isTooLong)
    }
}
