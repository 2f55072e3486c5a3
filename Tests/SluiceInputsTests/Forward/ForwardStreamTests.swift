import SluiceTestKit
import Testing

@testable import SluiceInputs

/// Bytes to messages, without sockets.
@Suite struct ForwardStreamTests {
    static let bytes = packed("c0 93 a1 't' 01 80 92 a1 't' c4 03 920180 c0 c0 93 a1 'u' 91 92 01 81 a1 'k' 91 01 80")
    static let messages = ["c0", "93 a1 't' 01 80", "92 a1 't' c4 03 920180", "c0", "c0", "93 a1 'u' 91 92 01 81 a1 'k' 91 01 80"].map(
        packed)

    /// The messages of pieces, and the refusal at the end.
    static func cut(_ pieces: [[UInt8]], bytesMax: Int = 100) -> (messages: [[UInt8]], reason: String?) {
        var stream = ForwardStream(bytesMax: bytesMax)
        var messages: [[UInt8]] = []
        var refusal: ForwardRefusal?
        for piece in pieces {
            piece.withUnsafeBytes { bytes in
                do throws(ForwardRefusal) {
                    try stream.received(bytes) { message throws(ForwardRefusal) in
                        messages.append(Array(message))
                        return bytesMax
                    }
                } catch {
                    refusal = error
                }
            }
            if let refusal { return (messages, refusal.reason) }
        }
        return (messages, stream.waiting > 0 ? "\(stream.waiting) wait" : nil)
    }

    @Test func `messages are the same however the stream is cut`() {
        #expect(Self.cut([Self.bytes]) == (Self.messages, nil))
        #expect(Self.cut(Self.bytes.map { [$0] }) == (Self.messages, nil))
        for place in 1..<Self.bytes.count {
            #expect(Self.cut([Array(Self.bytes[..<place]), Array(Self.bytes[place...])]) == (Self.messages, nil))
        }
        var random = SeededNumbers(seed: 3)
        for _ in 0..<200 { #expect(Self.cut(random.pieces(of: Self.bytes)) == (Self.messages, nil)) }
    }

    @Test func `what has no end waits`() {
        let (messages, rest) = Self.cut([Array(Self.bytes.dropLast())])
        #expect(messages == Array(Self.messages.dropLast()) && rest == "\(Self.messages.last!.count - 1) wait")
    }

    @Test func `the limit of the next message is that of the last answer`() {
        var stream = ForwardStream(bytesMax: 1)
        var sizes: [Int] = []
        let bytes = packed("c0 92 a1 't' c4 03 920180 92 a1 't' c4 03 920180")
        let refusal = bytes.withUnsafeBytes { bytes -> ForwardRefusal? in
            do throws(ForwardRefusal) {
                try stream.received(bytes) { message throws(ForwardRefusal) in
                    sizes.append(message.count)
                    return sizes.count == 1 ? 8 : 7
                }
                return nil
            } catch {
                return error
            }
        }
        #expect(sizes == [1, 8] && refusal?.kind == .chunk)
    }

    @Test func `bytes that begin no message end the stream, once it is known what they are`() {
        #expect(
            Self.cut([packed("c0"), Array("GE".utf8), Array("T / HTTP/1.1\r\n".utf8)]).reason
                == "it speaks HTTP: the sender is no forwarder")
        #expect(Self.cut([packed("c0"), Array("GE".utf8)]).reason == "2 wait")
        #expect(Self.cut([packed("c0 05")]).reason == "it begins with the byte 5, as no message of the forward protocol does")
    }
}
