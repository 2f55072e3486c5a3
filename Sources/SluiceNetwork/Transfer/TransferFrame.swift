/// One frame of the protocol that two Sluices speak (SluiceProtocol.md has the layout).
///
/// ```
/// ├ length u32 ┼ type u8 ┼ body: length bytes ┼ CRC-32 of all before it ┤   numbers are little-endian
/// ```
package enum TransferFrame: Equatable, Sendable {
    /// The sender's first.
    case hello(Hello)
    /// The receiver's first.
    case welcome(Welcome)
    case data(Data)
    /// Everything up to this sequence number is delivered.
    case acknowledged(UInt64)
    /// Nothing but a sign of life.
    case ping
    /// The last frame before the receiver hangs up.
    case failed(TransferError)
    /// The sender has no use for its identity any more: everything was acknowledged.
    case bye

    /// Who the sender is and what it has.
    package struct Hello: Equatable, Sendable {
        package var identity: TransferIdentity
        /// The oldest frame that the sender still has; the next one that it will make when it has none.
        package var first: UInt64
        /// The next one that it will make.
        package var next: UInt64
        /// The last one that it has sent to anybody: what comes up to there may be a repetition.
        package var sent: UInt64
        /// What the receiver's log calls it.
        package var name: String
        /// Empty for none.
        package var token: String

        /// A hello.
        package init(identity: TransferIdentity, first: UInt64, next: UInt64, sent: UInt64, name: String, token: String) {
            self.identity = identity
            self.first = first
            self.next = next
            self.sent = sent
            self.name = name
            self.token = token
        }
    }

    /// How far the receiver is with this sender and what it takes.
    package struct Welcome: Equatable, Sendable {
        /// The last frame that the receiver has; the sender goes on behind it.
        package var received: UInt64
        /// The last one that is delivered.
        package var confirmed: UInt64
        /// The most bytes that a frame's payload may have when it is unpacked.
        package var payloadBytesMax: Int
        /// What the receiver can unpack.
        package var compressions: Set<TransferCompression>

        /// A welcome.
        package init(received: UInt64, confirmed: UInt64, payloadBytesMax: Int, compressions: Set<TransferCompression>) {
            self.received = received
            self.confirmed = confirmed
            self.payloadBytesMax = payloadBytesMax
            self.compressions = compressions
        }
    }

    /// Packed events.
    package struct Data: Equatable, Sendable {
        package var sequence: UInt64
        /// Events in the payload.
        package var events: Int
        /// Bytes of the payload when it is unpacked.
        package var plainBytes: Int
        package var compression: TransferCompression
        package var payload: [UInt8]

        /// A data frame.
        package init(sequence: UInt64, events: Int, plainBytes: Int, compression: TransferCompression, payload: [UInt8]) {
            self.sequence = sequence
            self.events = events
            self.plainBytes = plainBytes
            self.compression = compression
            self.payload = payload
        }
    }

    /// Types as they stand in the fifth byte.
    enum Kind: UInt8 {
        case hello = 1
        case welcome = 2
        case data = 3
        case acknowledged = 4
        case ping = 5
        case failed = 6
        case bye = 7
    }

    /// Limits of the wire format.
    package enum Limit {
        /// Body of any frame but data.
        package static let controlBytesMax = 4 << 10
        /// Bytes of a data frame's body before its payload.
        package static let dataHeadBytes = 17
        /// Longest name and token in a hello, in bytes.
        package static let nameBytesMax = 255
        package static let tokenBytesMax = 1_024
        /// Longest sentence of an error, in bytes.
        package static let messageBytesMax = 1_024
        /// Events of one data frame.
        package static let eventsMax = 65_536
        /// Highest and lowest limit that a receiver may set for payloads.
        package static let payloadBytesMax = 64 << 20
        package static let payloadBytesMin = 1 << 20
        /// Bytes before and behind a body.
        static let headBytes = 5
        static let checksumBytes = 4
    }
}

/// What both sides send first: who they are and which version they speak.
package enum TransferGreeting {
    /// The version of this program.
    package static let version: UInt16 = 1
    static let magic: [UInt8] = Array("SLUICE".utf8)
    static let byteCount = 8

    /// The eight bytes.
    package static var bytes: [UInt8] { magic + [UInt8(truncatingIfNeeded: version), UInt8(truncatingIfNeeded: version >> 8)] }
}
