import CSluice
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceNetwork
import SluiceTestKit

@testable import SluiceOutputs

/// What a receiver has got: a message of the forward protocol.
struct ReceivedChunk: Equatable {
    let tag: String
    /// The entries, as they came.
    let entries: [UInt8]
    let size: Int64?
    let name: [UInt8]?
    let compression: String?
}

/// A receiver at the other end of one connection.
struct ForwardReceiver {
    let connection: LoopbackPeer.Connection
    private var messages = ForwardMessages()

    init(_ connection: LoopbackPeer.Connection) { self.connection = connection }

    /// The next message; nil at the end.
    mutating func message() -> MessagePackValue? {
        while true {
            if let bytes = try? messages.next() { return MessagePackValue(bytes) }
            let more = connection.readSome()
            if more.isEmpty { return nil }
            messages.received(more)
        }
    }

    /// The next chunk; nil at the end.
    mutating func chunk() -> ReceivedChunk? {
        guard case .array(let items)? = message(), items.count == 3, let tag = items[0].bytes, let entries = items[1].bytes else {
            return nil
        }
        var size: Int64?
        if case .integer(let number)? = items[2]["size"] { size = number }
        return ReceivedChunk(
            tag: String(decoding: tag, as: UTF8.self), entries: entries, size: size, name: items[2]["chunk"]?.bytes,
            compression: items[2]["compressed"]?.bytes.map { String(decoding: $0, as: UTF8.self) })
    }

    func write(_ bytes: [UInt8]) { _ = bytes.withUnsafeBytes { send(connection.descriptor, $0.baseAddress, $0.count, 0x4000) } }

    func write(_ value: MessagePackValue) { write(value.encoded) }

    /// Acknowledges a chunk.
    func acknowledge(_ chunk: ReceivedChunk?) {
        guard let name = chunk?.name else { return }
        write(.map([.init(.text("ack"), .text(name))]))
    }
}

/// An entry with a number, as the encoder writes it.
func entry(_ number: Int) -> [UInt8] {
    [0x92, 0xD7, 0x00, 0, 0, 0, 1, 0, 0, 0, 0, 0x81, 0xA1, 0x6E, 0xCD, UInt8(number >> 8), UInt8(number & 255)]
}

/// The numbers of entries.
func numbers(_ entries: [UInt8]) -> [Int] {
    stride(from: 0, to: entries.count, by: 17).map { Int(entries[$0 + 15]) << 8 | Int(entries[$0 + 16]) }
}

/// A parcel of entries for tags.
func entries(_ parts: (tag: String?, numbers: [Int])...) -> Parcel {
    let parcel = Parcel(delivery: nil)
    for part in parts {
        let bytes = part.numbers.flatMap(entry)
        sl_buffer_append(parcel.bytes, bytes, bytes.count)
        parcel.parts.append(.init(path: part.tag, length: bytes.count, events: part.numbers.count))
    }
    return parcel
}

extension OutputFolder {
    /// A forward output.
    func forward(_ address: String..., options: [(String, OptionValues.Value)] = []) throws(ConfigError) -> any Output {
        try plan("forward", [("address", .texts(address))] + options).makeOutput(context)
    }
}

/// A call on another thread, that a test waits for.
final class Call<Value: Sendable>: Sendable {
    private let outcome = Monitor<Value?>(nil)
    private let thread: WorkerThread

    init(_ body: @escaping @Sendable () -> Value) {
        let outcome = outcome
        thread = WorkerThread("call") {
            let value = body()
            outcome.notify { $0 = value }
        }
    }

    /// Whether it has returned by now, or within so many milliseconds.
    func isOver(within milliseconds: Int64 = 0) -> Bool {
        outcome.wait(until: MonotonicClock.now + milliseconds * 1_000_000) { $0 == nil ? nil : true } ?? false
    }

    func wait() -> Value {
        thread.join()
        return outcome.wait { $0 }!
    }
}

/// An output on its way to another thread, which is its only user until it has ended.
struct ForwardAttempt: @unchecked Sendable {
    // SAFETY: the test uses it only while no other thread does.
    let output: any Output
    let parcels: [Parcel]

    init(_ output: any Output, _ parcels: Parcel...) {
        self.output = output
        self.parcels = parcels
    }

    /// Writes all that is unwritten and commits, once.
    func attempt() -> OutputError? {
        errorOf { () throws(OutputError) in
            for parcel in parcels where parcel.partsWritten < parcel.parts.count { try output.write(parcel) }
            try output.commit()
        }
    }
}
