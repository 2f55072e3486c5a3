package import CSluice
package import SluiceComponent
import SluiceEvent

/// Events with every type, byte, flag and meta, for another Sluice (SluiceProtocol.md): not a form for people.
///
///     record := length u32 · input: length u8, bytes · format: length u8, bytes · event (`sl_event_pack`)
///
/// The numbers that an event keeps of inputs and formats mean something in this process only, so their names go along.
package struct PackedEventEncoder: Encoder {
    /// Bytes of a record's length.
    package static let lengthBytes = 4
    /// Longest name of an input on the wire.
    private static let nameBytesMax = 255

    /// By input; the last one is for events of none.
    private let inputs: [[UInt8]]
    private let formats: [[UInt8]]

    package var counts: EncodingCounts { EncodingCounts() }

    /// An encoder; `inputs` are the names by the number that events keep.
    package init(inputs: [String]) {
        self.inputs = inputs.map(Self.field) + [Self.field("")]
        formats = FormatName.allCases.map { Self.field($0.text) }
    }

    private static func field(_ name: String) -> [UInt8] {
        let bytes = name.utf8.prefix(nameBytesMax)
        return [UInt8(bytes.count)] + bytes
    }

    package mutating func encode(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        let start = output.pointee.length
        _ = sl_buffer_reserve(output, Self.lengthBytes)
        output.pointee.length += Self.lengthBytes
        let input = inputs[min(Int(event.pointee.source), inputs.count - 1)]
        sl_buffer_append(output, input, input.count)
        let format = formats[min(Int(event.pointee.format), formats.count - 1)]
        sl_buffer_append(output, format, format.count)
        sl_event_pack(batch, event, output)
        let length = UInt32(output.pointee.length - start - Self.lengthBytes)
        // SAFETY: the bytes from `start` on were reserved above.
        UnsafeMutableRawPointer(output.pointee.bytes + start).storeBytes(of: length.littleEndian, as: UInt32.self)
    }
}
