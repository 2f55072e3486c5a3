import CSluice
import SluiceComponent
import SluiceDecoding
import SluiceEvent
import Testing

@testable import SluiceEngine

@Suite struct RecentEventsTests {
    private static let second: Int64 = 1_000_000_000

    private func batch(_ numbers: Range<Int>) -> BatchBox {
        let box = BatchBox()
        var decoder = PlainDecoder()
        for number in numbers {
            let span = Array("\(number)".utf8).withUnsafeBytes { box.events.append($0) }
            _ = decoder.decode(Frame(offset: Int(span.offset), length: Int(span.length)), received: 0, into: box.events)
        }
        return box
    }

    private func kept(_ recent: RecentEvents) -> [Int] {
        let box = BatchBox()
        _ = recent.copy(into: box.events)
        var numbers: [Int] = []
        box.events.forEachEvent { event in
            numbers.append(Int(String(decoding: box.events.bytes(event.pointee.raw), as: UTF8.self)) ?? -1)
        }
        return numbers
    }

    @Test func `a slow stream is kept whole, up to the limit, newest last`() {
        let recent = RecentEvents()
        recent.keep(batch(0..<300).events, now: Self.second)
        #expect(kept(recent) == Array(0..<300))
        recent.keep(batch(300..<1_700).events, now: 2 * Self.second)
        let numbers = kept(recent)
        #expect(numbers.last == 1_699)
        #expect(numbers.count > 500 && numbers.count <= 1_000)
        #expect(numbers == Array(numbers[0]...1_699))
    }

    @Test func `of a fast stream only so many events a second are copied`() {
        var limits = RecentEvents.Limits()
        limits.eventsPerSecondMax = 100
        let recent = RecentEvents(limits: limits)
        recent.keep(batch(0..<500).events, now: Self.second)
        #expect(kept(recent) == Array(0..<100))
        recent.keep(batch(500..<510).events, now: 2 * Self.second)
        #expect(kept(recent) == Array(0..<100) + Array(500..<510))
    }

    @Test func `bytes are bounded as well`() {
        var limits = RecentEvents.Limits()
        limits.bytesMax = 4_000
        let recent = RecentEvents(limits: limits)
        recent.keep(batch(100_000..<101_000).events, now: Self.second)
        #expect(kept(recent).count < 1_000)
        #expect(kept(recent).last == 100_999)
    }
}
