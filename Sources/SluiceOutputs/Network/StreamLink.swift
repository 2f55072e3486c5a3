import NIOCore
import SluiceComponent
import SluiceNetwork

/// One connection of an output at a time, and what has to be sent again when it is lost.
///
/// ```
///   older ──────────────────────────────────────────────► newer
///   forgotten │ window: acknowledged, maybe unread │ given: not acknowledged │ still in parcels
/// ```
///
/// A connection that ends clean (the peer has closed it and had read everything) leaves nothing to send again. After any other end the
/// window and those given chunks that came from an earlier connection are owed; parcels are set back to where this connection began
/// with them.
final class StreamLink {
    private struct Given {
        let chunk: RecordChunk
        let isOwed: Bool
    }

    /// Time that a peer has to end an orderly closed connection, or one that it has begun to end itself.
    private static let endNs: Int64 = 1_500_000_000

    private var connection: DialedConnection?
    private var window: ResendWindow
    private var given: [Given] = []
    private var marks = ParcelMarks()
    /// Connections that ended otherwise than clean.
    private(set) var broken = 0

    /// A link without a connection.
    init(windowBytesMax: Int) { window = ResendWindow(bytesMax: windowBytesMax) }

    /// The connection, also one that has ended and was not looked at yet.
    var current: DialedConnection? { connection }

    /// Whether something can be sent at once.
    var isOpen: Bool { connection?.isOpen ?? false }

    /// Whether there is a connection that has ended.
    var hasEnded: Bool { connection.map { !$0.isOpen } ?? false }

    /// Whether something was given and not confirmed.
    var isUnconfirmed: Bool { !given.isEmpty }

    /// Takes a new connection, when the one before was ended by ``end(stop:)``, and sends the header of the stream.
    func adopt(_ connection: DialedConnection, header: ByteBuffer, stop: StopFlag) throws(NetworkError) {
        precondition(self.connection == nil, "nobody has asked what the connection before has left")
        self.connection = connection
        if header.readableBytes > 0 { try connection.write(header, stop: stop) }
    }

    /// Notes a parcel before chunks of it are given.
    func mark(_ parcel: Parcel) { marks.add(parcel) }

    /// Sends a chunk; when this throws, no byte of it was sent. `isOwed`: it was sent before, on a connection that was lost.
    func give(_ chunk: RecordChunk, isOwed: Bool, stop: StopFlag) throws(NetworkError) {
        guard let connection else { throw NetworkError(.closed, "there is no connection") }
        try connection.write(chunk.bytes, stop: stop)
        given.append(Given(chunk: chunk, isOwed: isOwed))
    }

    /// Waits until the peer has what was given.
    func confirm(stop: StopFlag) throws(NetworkError) {
        guard let connection, !given.isEmpty else { return }
        try connection.flush(stop: stop)
        for given in given { window.add(given.chunk) }
        given.removeAll(keepingCapacity: true)
        marks.confirm()
    }

    /// What a connection leaves behind.
    struct Remains {
        /// Is to be sent again, before anything new.
        var owed: [RecordChunk] = []
        /// Records beside these that are written again, because their parcels were set back.
        var recordsSetBack = 0
        /// Why it did not end clean.
        var fault: NetworkError?

        /// Records that the peer may get twice.
        var records: Int { owed.reduce(recordsSetBack) { $0 + $1.records } }
    }

    /// The connection is over, or is given up: answers what is owed now, and why if it did not end clean.
    func end(stop: StopFlag) -> Remains {
        var remains = Remains()
        guard let connection else { return remains }
        self.connection = nil
        let end = connection.awaitEnd(until: MonotonicClock.now + Self.endNs, stop: stop)
        connection.abort()
        switch end {
        case .clean, .unanswered: marks.confirm()
        case .broken(let reason):
            remains.owed = Array(window.kept) + given.filter(\.isOwed).map(\.chunk)
            remains.recordsSetBack = given.reduce(0) { $0 + ($1.isOwed ? 0 : $1.chunk.records) }
            remains.fault = reason
            marks.rollBack()
            broken += 1
        }
        window.clear()
        given.removeAll(keepingCapacity: true)
        return remains
    }

    /// Ends the connection in order; what was given has to be confirmed before. Answers what is owed if the peer did not read it.
    func close(stop: StopFlag) -> Remains {
        connection?.close()
        return end(stop: stop)
    }
}
