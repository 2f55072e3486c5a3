import CSluice
import SluiceComponent
import SluiceDecoding
import SluiceEvent
import SluiceRules
import SluiceStore
import Synchronization

extension Lane {
    /// Runs the events of dead letters, each from the rule that failed (or from the first, when that is gone) and with the outputs
    /// that `also` had added. `succeeded` gets the ids of those that did not fail again, when all their outputs have answered.
    /// Answers how many events were run. Within an order only.
    func redrive(_ letters: [DeadLetter], succeeded: @escaping @Sendable ([Int64]) -> Void) -> Int {
        let batch = BatchBox()
        var ids: [Int64] = []
        for letter in letters where append(letter, to: batch.events) { ids.append(letter.id) }
        var failed: Set<Int> = []
        runAgain(batch) { index in failed.insert(index) }
        let done = ids.enumerated().filter { !failed.contains($0.offset) }.map(\.element)
        handOn(batch, received: ids.count, redriven: ids.count) { if !done.isEmpty { succeeded(done) } }
        return ids.count
    }

    private func append(_ letter: DeadLetter, to batch: borrowing EventBatch) -> Bool {
        guard !letter.packed.isEmpty else { return appendFrame(letter, to: batch) }
        guard let event = batch.append(packed: letter.packed) else { return false }
        rules.restart(event, from: letter.rule)
        event.pointee.outputs = outputNames.indices.filter { letter.also.contains(outputNames[$0]) }.reduce(0) { $0 | 1 << UInt64($1) }
        event.pointee.source = inputNames.lastIndex(of: letter.input).map { UInt32($0) } ?? .max
        return true
    }

    /// A frame that a strict decoder refused becomes an event with that text.
    private func appendFrame(_ letter: DeadLetter, to batch: borrowing EventBatch) -> Bool {
        guard let raw = letter.raw else { return false }
        let span = raw.withUnsafeBytes { batch.append($0) }
        var decoder = PlainDecoder()
        _ = decoder.decode(Frame(offset: Int(span.offset), length: Int(span.length)), received: letter.time, into: batch)
        let event = batch.raw.pointee.events + Int(batch.raw.pointee.last)
        event.pointee.source = inputNames.lastIndex(of: letter.input).map { UInt32($0) } ?? .max
        return true
    }
}
