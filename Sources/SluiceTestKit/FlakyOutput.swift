import CSluice
package import SluiceComponent

/// An output that keeps what it is given in memory, fails when it is told to, and notes every call.
///
/// Bytes count as lasting only after `commit`. A part that fails is written half, as a full disk would do it. Each part is one call.
package final class FlakyOutput: Output, Sendable {
    /// A call that was made.
    package enum Call: Sendable, Equatable {
        case write(String)
        case commit, tend, reopen, close
        case failed(String)
    }

    private struct State {
        var written = ""
        var lasting = ""
        var calls: [Call] = []
        var number = 0
        var failing: Set<Int> = []
        var error: OutputError?
        var isHeld = false
        var isWaiting = false
        var releaseError: OutputError?
        var nextTend: Int64?
    }

    private let state = Monitor(State())

    /// An output that fails with `error` at the calls of these numbers, counted from 1 over `write` of a part, `commit` and `tend`.
    package init(failing: Set<Int> = [], error: OutputError = OutputError(code: .cannotWrite, message: "no")) {
        state.withLock { state in
            state.failing = failing
            state.error = error
        }
    }

    // MARK: - What tests do

    /// What a `commit` has made lasting, in order.
    package var lasting: String { state.withLock { $0.lasting } }
    /// What was written, lasting or not.
    package var written: String { state.withLock { $0.written } }
    /// Every call so far.
    package var calls: [Call] { state.withLock { $0.calls } }
    /// Calls that could have failed.
    package var callCount: Int { state.withLock { $0.number } }

    /// From now on every call fails with the error; nil: none does.
    package func fail(_ error: OutputError?) {
        state.withLock { state in
            state.failing = error == nil ? [] : [0]
            state.error = error
        }
    }

    /// What `tend` is to answer.
    package func setNextTend(_ time: Int64?) { state.withLock { $0.nextTend = time } }

    /// Writes wait until ``release(_:)``.
    package func hold() { state.withLock { $0.isHeld = true } }

    /// Lets writes go on; the one that waits fails with the error.
    package func release(_ error: OutputError? = nil) {
        state.notify { state in
            state.isHeld = false
            state.releaseError = error
        }
    }

    /// Waits until a write waits.
    package func awaitHeldWrite() { let _: Bool? = state.wait { $0.isWaiting ? true : nil } }

    /// Waits until so much is lasting.
    package func awaitLasting(_ text: String) { let _: Bool? = state.wait { $0.lasting == text ? true : nil } }

    // MARK: - Output

    package func write(_ parcel: Parcel) throws(OutputError) {
        try waitWhileHeld()
        while parcel.partsWritten < parcel.parts.count {
            let text = Self.text(of: parcel)
            let rest = String(decoding: text.utf8.dropFirst(parcel.partBytesWritten), as: UTF8.self)
            if let error = state.withLock({ Self.fault(&$0, "write") }) {
                let half = String(decoding: rest.utf8.prefix(rest.utf8.count / 2), as: UTF8.self)
                parcel.partBytesWritten += half.utf8.count
                state.withLock { $0.written += half }
                throw error
            }
            state.withLock { state in
                state.written += rest
                state.calls.append(.write(rest))
            }
            parcel.partsWritten += 1
            parcel.partBytesWritten = 0
        }
    }

    package func commit() throws(OutputError) {
        if let error = state.withLock({ Self.fault(&$0, "commit") }) { throw error }
        state.notify { state in
            state.lasting = state.written
            state.calls.append(.commit)
        }
    }

    package func tend(now: Int64) throws(OutputError) -> Int64? {
        if let error = state.withLock({ Self.fault(&$0, "tend") }) { throw error }
        return state.withLock { state in
            state.calls.append(.tend)
            return state.nextTend
        }
    }

    package func reopen() { state.withLock { $0.calls.append(.reopen) } }

    package func close() throws(OutputError) { state.withLock { $0.calls.append(.close) } }

    private func waitWhileHeld() throws(OutputError) {
        let isHeld = state.notify { state in
            state.isWaiting = state.isHeld
            return state.isHeld
        }
        guard isHeld else { return }
        let released: OutputError?? = state.wait { state in
            guard !state.isHeld else { return nil }
            state.isWaiting = false
            return .some(state.releaseError)
        }
        if let error = released ?? nil { throw error }
    }

    private static func fault(_ state: inout State, _ name: String) -> OutputError? {
        state.number += 1
        guard state.failing.contains(state.number) || state.failing.contains(0), let error = state.error else { return nil }
        state.calls.append(.failed(name))
        return error
    }

    private static func text(of parcel: Parcel) -> String {
        let start = parcel.parts.prefix(parcel.partsWritten).reduce(0) { $0 + $1.length }
        let length = parcel.parts[parcel.partsWritten].length
        // SAFETY: the parts are the parcel's bytes, one behind the other.
        return String(decoding: UnsafeBufferPointer(start: parcel.bytes.pointee.bytes, count: start + length)[start...], as: UTF8.self)
    }
}
