import SluiceDecoding

/// The bytes of one connection on their way to messages.
///
/// What is no whole message yet is kept; a connection from which nothing waits keeps nothing. Each byte of a message that comes in pieces
/// is looked at about once.
struct ForwardStream {
    private var carried: [UInt8] = []
    private var scanner: MessagePackScanner
    private var bytesMax: Int

    /// A stream that nothing has come from; `bytesMax` are the bytes of its first message at most.
    init(bytesMax: Int) {
        self.bytesMax = bytesMax
        scanner = MessagePackScanner(bytesMax: bytesMax)
    }

    /// Bytes that wait for the rest of their message.
    var waiting: Int { carried.count }

    /// Hands every whole message to `take`, in order; what is left waits. `take` answers how many bytes the next message may have; what it
    /// throws ends the stream.
    mutating func received(
        _ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) throws(ForwardRefusal) -> Int
    ) throws(ForwardRefusal) {
        guard !carried.isEmpty else {
            let used = try cut(bytes, take)
            carried.append(contentsOf: bytes[used...])
            return
        }
        carried.append(contentsOf: bytes)
        // Taken out for the while, so that they can be looked at while the scanner goes on.
        var whole: [UInt8] = []
        swap(&whole, &carried)
        var used = 0
        var refusal: ForwardRefusal?
        whole.withUnsafeBytes { bytes in
            do throws(ForwardRefusal) { used = try cut(bytes, take) } catch { refusal = error }
        }
        if let refusal { throw refusal }
        if used == 0 { swap(&whole, &carried) } else { carried = Array(whole[used...]) }
    }

    private mutating func cut(
        _ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) throws(ForwardRefusal) -> Int
    ) throws(ForwardRefusal) -> Int {
        var start = 0
        while start < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            guard Self.mayBegin(rest[0]) else {
                try Self.refuse(rest)
                return start
            }
            switch scanner.scan(rest) {
            case .part: return start
            case .malformed: throw .chunk("a message is no MessagePack")
            case .tooLarge:
                throw .chunk(
                    "a message has more than \(bytesMax) bytes (`max_chunk_size`); let the sender make smaller chunks, or raise the limit")
            case .whole(let count):
                bytesMax = try take(UnsafeRawBufferPointer(rebasing: rest[..<count]))
                scanner = MessagePackScanner(bytesMax: bytesMax)
                start += count
            }
        }
        return start
    }

    /// Messages are arrays, heartbeats nil.
    private static func mayBegin(_ byte: UInt8) -> Bool { byte & 0xF0 == 0x90 || byte == 0xDC || byte == 0xDD || byte == 0xC0 }

    /// Says what these bytes are, which begin no message; returns when more are needed for that.
    private static func refuse(_ bytes: UnsafeRawBufferPointer) throws(ForwardRefusal) {
        switch ForeignProtocol.look(bytes) {
        case .undecided: return
        case .foreign(let found):
            let advice =
                switch found {
                case .tls: "give the sender an address with `tls://`, or switch TLS off there"
                case .http, .ssh, .compressed: "the sender is no forwarder"
                }
            throw ForwardRefusal(kind: .foreign, reason: "it speaks \(found.rawValue): \(advice)")
        case .none:
            throw ForwardRefusal(
                kind: .foreign, reason: "it begins with the byte \(bytes[0]), as no message of the forward protocol does")
        }
    }
}
