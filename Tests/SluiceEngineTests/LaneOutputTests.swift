import CSluice
import SluiceComponent
import SluiceDecoding
import SluiceEncoding
import SluiceEvent
import SluiceStore
import Testing

@testable import SluiceEngine

@Suite struct LaneOutputTests {
    /// A batch of plain lines, all routed to output 0.
    private func batch(_ lines: [String]) -> BatchBox {
        let box = BatchBox()
        var decoder = PlainDecoder()
        for line in lines {
            let span = Array(line.utf8).withUnsafeBytes { box.events.append($0) }
            _ = decoder.decode(Frame(offset: Int(span.offset), length: Int(span.length)), received: 0, into: box.events)
        }
        box.events.forEachEvent { $0.pointee.outputs = 1 }
        return box
    }

    private func text(_ parcel: Parcel) -> String {
        String(decoding: UnsafeBufferPointer(start: parcel.bytes.pointee.bytes, count: parcel.byteCount), as: UTF8.self)
    }

    @Test func `without a path all events are one part`() {
        var output = LaneOutput(index: 0, encoder: RawEncoder(), path: nil, keepsEvents: false)
        let parcel = Parcel(delivery: nil)
        output.fill(parcel, from: batch(["a", "b"]).events)
        #expect(parcel.parts == [Parcel.Part(path: nil, length: 4, events: 2)])
        #expect(text(parcel) == "a\nb\n")
        #expect(parcel.letters.pointee.length == 0)
    }

    @Test func `events of one path are one part in their order, parts in the order of their first event`() throws {
        let path = try PathTemplate("{message}.log")
        var output = LaneOutput(index: 0, encoder: RawEncoder(), path: path, keepsEvents: false)
        let parcel = Parcel(delivery: nil)
        output.fill(parcel, from: batch(["b", "a", "b", "a", "a", "c"]).events)
        #expect(parcel.parts.map(\.path) == ["b.log", "a.log", "c.log"])
        #expect(parcel.parts.map(\.events) == [2, 3, 1])
        #expect(text(parcel) == "b\nb\na\na\na\nc\n")
    }

    @Test func `only events that have the output's bit are taken`() throws {
        for path in [nil, try PathTemplate("{message}.log")] {
            let box = batch(["a", "b", "c"])
            box.events.raw.pointee.events[1].outputs = 2
            var output = LaneOutput(index: 1, encoder: RawEncoder(), path: path, keepsEvents: false)
            let parcel = Parcel(delivery: nil)
            output.fill(parcel, from: box.events)
            #expect(text(parcel) == "b\n")
            #expect(parcel.events == 1)
        }
    }

    @Test func `kept events come back from their packed form in the order of the parts`() throws {
        var output = LaneOutput(index: 0, encoder: RawEncoder(), path: try PathTemplate("{message}.log"), keepsEvents: true)
        let parcel = Parcel(delivery: nil)
        output.fill(parcel, from: batch(["b", "a", "b"]).events)
        let letters = LetterWriting.letters(of: parcel.letters, output: "files", error: "why", time: 7)
        #expect(
            letters.map { String(decoding: $0.event, as: UTF8.self) } == [#"{"message":"b"}"#, #"{"message":"b"}"#, #"{"message":"a"}"#])
        #expect(letters.map { $0.raw.map { String(decoding: $0, as: UTF8.self) } } == ["b", "b", "a"])
        #expect(letters.allSatisfy { $0.output == "files" && $0.error == "why" && $0.time == 7 })
    }

    @Test(arguments: 0..<3) func `a part that is taken out takes its bytes and its events with it`(_ index: Int) throws {
        var output = LaneOutput(index: 0, encoder: RawEncoder(), path: try PathTemplate("{message}.log"), keepsEvents: true)
        let parcel = Parcel(delivery: nil)
        let box = batch(["b", "a", "b", "c", "a", "c", "c"])
        box.events.raw.pointee.events[4].outputs = 3
        output.fill(parcel, from: box.events)
        parcel.partsWritten = index
        parcel.partBytesWritten = 1
        let part = parcel.takeNextPart()
        func letters(_ parcel: Parcel) -> String {
            LetterWriting.letters(of: parcel.letters, output: "", error: "", time: 0).map { String(decoding: $0.raw ?? [], as: UTF8.self) }
                .joined()
        }
        let lines = ["b\nb\n", "a\na\n", "c\nc\nc\n"]
        let rest = lines.indices.filter { $0 != index }.map { lines[$0] }.joined()
        #expect(text(part) == lines[index] && letters(part) == lines[index].replacing("\n", with: ""))
        #expect(text(parcel) == rest && letters(parcel) == rest.replacing("\n", with: ""))
        #expect(part.parts.map(\.path) == [["b.log", "a.log", "c.log"][index]])
        #expect(parcel.parts.count == 2 && parcel.partsWritten == index && parcel.partBytesWritten == 0)
        let refused = [[(1, 2)], [(1, 1), (3, 1)], [(1, 3)]][index].map { Delivery.Group(outputs: $0.0, events: $0.1) }
        #expect(parcel.refused == refused)
    }
}
