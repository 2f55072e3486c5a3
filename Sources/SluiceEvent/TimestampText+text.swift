extension TimestampText {
    /// RFC 3339 text in UTC with so many digits of the second (0...9).
    package static func text(ns: Int64, digits: Int) -> String {
        String(unsafeUninitializedCapacity: bytesMax) { buffer in
            // SAFETY: the buffer has room for `bytesMax` bytes, which `print` asks for.
            print(ns: ns, detail: UInt32(digits), to: buffer.baseAddress!)
        }
    }

    /// Nanoseconds since 1970 UTC of RFC 3339 text; nil for anything else.
    package static func nanoseconds(of text: String) -> Int64? {
        let bytes = Array(text.utf8)
        // SAFETY: reads `count` bytes of the array.
        return bytes.withUnsafeBufferPointer { buffer in buffer.baseAddress.flatMap { parseRFC3339($0, buffer.count)?.ns } }
    }
}
