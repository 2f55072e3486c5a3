import Logging
import SluiceComponent
import SluiceOutputs
import SluiceStore

/// Makes an output's driver with its buffer, and says where its dead letters go.
struct OutputParts {
    let around: Service.Surroundings
    let desk: DeadLetterDesk
    let buffers: DiskBuffers
    let finished: StopFlag

    /// A driver that does not run yet.
    func makeDriver(_ output: OutputConfiguration, bit: Int) throws(ServiceError) -> OutputDriver {
        let name = output.name
        let plan = output.plan
        let finished = finished
        let log = around.log
        // Only the reader of standard output may end the service by going away.
        var onClosed: (@Sendable () -> Void)?
        if output.kind == "stdout" {
            onClosed = {
                log.info("the reader of output `\(name)` has gone away; the service ends")
                finished.set()
            }
        }
        return OutputDriver(
            index: bit, name: name, options: output.options, store: try makeStore(output), log: log,
            time: DriverTime(monotonic: { MonotonicClock.now }, wall: around.now),
            deadLetters: { [self] in keep($0, hasRecords: output.kind == "sluice") },
            onClosed: onClosed,
            makeOutput: { plan.makeOutput($0) })
    }

    /// The disk buffer, for an output that has one.
    private func makeStore(_ output: OutputConfiguration) throws(ServiceError) -> (any ParcelStore)? {
        guard output.options.buffer.kind == .disk else { return nil }
        do throws(StoreError) {
            return try buffers.use(output.name, bytesMax: output.options.buffer.maxBytes)
        } catch {
            throw ServiceError(.cannotCreate, "output `\(output.name)`: \(error.message)")
        }
    }

    /// Dead letters of a parcel that was given up. `hasRecords`: its bytes are the events themselves.
    private func keep(_ abandoned: AbandonedParcel, hasRecords: Bool) {
        var letters = LetterWriting.letters(
            of: abandoned.parcel.letters, output: abandoned.output, error: abandoned.error.message, time: around.now())
        if letters.isEmpty, hasRecords {
            letters = LetterWriting.letters(
                records: abandoned.parcel, output: abandoned.output, error: abandoned.error.message, time: around.now())
        }
        if letters.isEmpty {
            letters = LetterWriting.letters(
                encoded: abandoned.parcel, output: abandoned.output, error: abandoned.error.message, time: around.now())
        }
        for (index, letter) in letters.enumerated() {
            desk.add(letter, stop: abandoned.stop, stored: index == letters.count - 1 ? abandoned.kept : nil)
        }
    }
}
