import CSluice
import SluiceComponent
import SluiceDecoding
import SluiceEvent
import Testing

@testable import SluiceEngine

@Suite struct PartitionTests {
    private let stop = StopFlag()
    private let pool = BatchPool()

    private func batch(_ lines: [String]) -> BatchBox {
        let box = BatchBox()
        var decoder = PlainDecoder()
        for line in lines {
            let span = Array(line.utf8).withUnsafeBytes { box.events.append($0) }
            _ = decoder.decode(Frame(offset: Int(span.offset), length: Int(span.length)), received: 0, into: box.events)
        }
        return box
    }

    private func messages(_ box: BatchBox) -> [String] {
        var texts: [String] = []
        box.events.forEachEvent { texts.append(String(decoding: box.events.bytes($0.pointee.raw), as: UTF8.self)) }
        return texts
    }

    @Test func `without a field a stream has one lane and its batch is used as it is`() {
        let partition = Partition(lanes: 4, field: nil)
        let box = batch(["a", "b"])
        let parts = partition.split(box, pool: pool, stream: 6, pools: [], stop: stop)
        #expect(parts?.count == 1)
        #expect(parts?.first?.lane == 2)
        #expect(parts?.first?.box === box)
    }

    @Test func `with a field equal values have one lane, in order, and nothing is lost`() {
        let partition = Partition(lanes: 3, field: FieldKey(text: "message"))
        let lines = (0..<300).map { "host\($0 % 17)" }
        let parts = partition.split(batch(lines), pool: pool, stream: 0, pools: (0..<3).map { _ in BatchPool() }, stop: stop) ?? []
        #expect(parts.reduce(0) { $0 + $1.box.events.count } == 300)
        #expect(Set(parts.map(\.lane)).count == parts.count)
        var laneOf: [String: Int] = [:]
        for part in parts {
            for message in messages(part.box) { #expect(laneOf.updateValue(part.lane, forKey: message) ?? part.lane == part.lane) }
        }
        #expect(laneOf.count == 17)
    }

    @Test func `a stop while waiting for a batch sends nothing`() {
        let partition = Partition(lanes: 2, field: FieldKey(text: "message"))
        let pools = (0..<2).map { _ in BatchPool() }
        for pool in pools { while pool.take(stop: stop) != nil { if pool.isExhausted { break } } }
        stop.set()
        #expect(partition.split(batch(["a"]), pool: pool, stream: 0, pools: pools, stop: stop) == nil)
    }
}
