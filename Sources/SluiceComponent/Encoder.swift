package import CSluice

/// Turns events into bytes.
///
/// An encoder is a value that belongs to one output stream. It appends whole records, separator included, to a buffer that
/// the caller writes out; it never fails: what the format cannot carry is replaced and counted. No heap allocation per
/// event apart from the buffer's own growth. Slots that are `SL_ABSENT` or carry `SL_META` are never written.
package protocol Encoder {
    /// Appends one event's record to `output`.
    mutating func encode(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>)

    /// Appends a chain of events one after the other: those of `batch` in order for which bit `bit` of `outputs` is set.
    /// One dynamic call per batch; the default is right for every encoder. Answers how many were encoded.
    mutating func encode(batch: UnsafePointer<sl_batch>, bit: UInt64, to output: UnsafeMutablePointer<sl_buffer>) -> Int

    /// What had to be changed or left out so far.
    var counts: EncodingCounts { get }
}

extension Encoder {
    /// Event by event along the chain.
    @inlinable
    package mutating func encode(
        batch: UnsafePointer<sl_batch>, bit: UInt64, to output: UnsafeMutablePointer<sl_buffer>
    ) -> Int {
        var count = 0
        var index = batch.pointee.first
        let events = batch.pointee.events
        while index != UInt32.max, let event = events.map({ $0 + Int(index) }) {
            if event.pointee.outputs & bit != 0 {
                encode(UnsafePointer(event), of: batch, to: output)
                count += 1
            }
            index = event.pointee.next
        }
        return count
    }
}

/// What an encoder has to answer for.
package struct EncodingCounts: Sendable, Equatable {
    /// Bytes that are not UTF-8 and were replaced by U+FFFD, one per maximal ill-formed sequence.
    package var invalidBytesReplaced = 0
    /// Fields that the format has no place for (a column that is not in the CSV header, a nested value in RFC 3164).
    package var fieldsLeftOut = 0
    /// Values cut or altered to fit the format (a blank in an RFC 5424 HOSTNAME, a line end in a one-line format).
    package var valuesAltered = 0

    /// Nothing yet.
    package init() {}
}
