import Synchronization
import SluiceComponent

/// An answer that is written piece by piece, for handlers that report what happens as it happens.
package final class AnswerStream: Sendable {
    private enum Piece: Equatable { case waiting, written, failed }

    private let isPeerThere = Atomic<Bool>(true)
    private let piece = Monitor(Piece.written)
    private let patienceNanoseconds: Int64
    /// Writes a piece and then says whether it went out, or hangs up when there is nothing to write.
    private let send: @Sendable ([UInt8]?, @escaping @Sendable (Bool) -> Void) -> Void

    init(
        patienceNanoseconds: Int64, send: @escaping @Sendable ([UInt8]?, @escaping @Sendable (Bool) -> Void) -> Void
    ) {
        self.patienceNanoseconds = patienceNanoseconds
        self.send = send
    }

    /// Whether somebody still reads.
    package var isOpen: Bool { isPeerThere.load(ordering: .acquiring) }

    /// Writes and waits until the peer's side has taken it; false when nobody reads any more, or not fast enough. One thread at a time.
    package func write(_ bytes: [UInt8]) -> Bool {
        guard isOpen else { return false }
        if bytes.isEmpty { return true }
        piece.withLock { $0 = .waiting }
        send(bytes) { [self] isWritten in piece.notify { $0 = isWritten ? .written : .failed } }
        let outcome: Piece? = piece.wait(until: MonotonicClock.now + patienceNanoseconds) { $0 == .waiting ? nil : $0 }
        if outcome == .written { return true }
        end()
        send(nil) { _ in }
        return false
    }

    /// The connection is gone.
    func end() {
        isPeerThere.store(false, ordering: .releasing)
        piece.notify { if $0 == .waiting { $0 = .failed } }
    }
}
