import CSluice
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceOutputs
import SluiceTestKit

/// A parcel of records, each behind its length, as network outputs get them.
func records(_ texts: [String]) -> Parcel {
    let parcel = Parcel(delivery: nil)
    for text in texts {
        let bytes = Array(text.utf8)
        withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { sl_buffer_append(parcel.bytes, $0.baseAddress, 4) }
        sl_buffer_append(parcel.bytes, bytes, bytes.count)
    }
    parcel.parts = [.init(path: nil, length: parcel.byteCount, events: texts.count)]
    return parcel
}

/// A parcel of records.
func records(_ texts: String...) -> Parcel { records(texts) }

/// Writes parcels as the engine does: all of a batch, then `commit`, and everything that is unwritten again after an error, for ten
/// seconds at most. Answers how often a call failed.
@discardableResult
func deliver(_ parcels: [Parcel], to output: any Output) throws -> Int {
    let deadline = MonotonicClock.now + 10_000_000_000
    var failures = 0
    while true {
        do throws(OutputError) {
            for parcel in parcels where parcel.partsWritten < parcel.parts.count { try output.write(parcel) }
            try output.commit()
            return failures
        } catch {
            failures += 1
            guard MonotonicClock.now < deadline else { throw error }
            Interval.pass(microseconds: 1_000)
        }
    }
}

/// Calls a function on another thread; `wait` answers what it returned.
final class Elsewhere<Value: Sendable>: Sendable {
    private let result = Monitor<Value?>(nil)
    private let thread: WorkerThread

    init(_ body: @escaping @Sendable () -> Value) {
        let result = result
        thread = WorkerThread("elsewhere") {
            let value = body()
            result.notify { $0 = value }
        }
    }

    func wait() -> Value {
        thread.join()
        return result.wait { $0 }!
    }
}

extension OutputFolder {
    /// A network output.
    func output(
        _ kind: String, _ address: String..., options: [(String, OptionValues.Value)] = [], header: String = ""
    ) throws(ConfigError) -> any Output {
        try plan(kind, [("address", .texts(address))] + options, header: header).makeOutput(context)
    }
}
