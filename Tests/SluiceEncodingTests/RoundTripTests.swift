import CSluice
import Foundation
import SluiceComponent
import SluiceConfig
import SluiceDecoding
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceEncoding

/// JSON, logfmt and CSV: what was encoded decodes to the same, and JSON that nobody touched comes out as it went in.
@Suite struct RoundTripTests {
    /// Frames through a decoder, and all events through an encoder; `touched` forgets that events are as they came.
    static func converted(_ frames: [[UInt8]], from format: String, to encoding: String, touched: Bool = false) throws -> [UInt8] {
        let batch = EventBatch()
        batch.reserve(frames.reduce(0) { $0 + $1.count } * 8 + 4_096)
        var decoder = try DecoderCatalogue.make(OptionText(format)).decoder
        for frame in frames {
            let span = frame.withUnsafeBytes { batch.append($0) }
            _ = decoder.decode(Frame(offset: Int(span.offset), length: Int(span.length)), received: 0, into: batch)
        }
        for index in 0..<batch.count {
            batch.raw.pointee.events[index].outputs = 1
            if touched { batch.raw.pointee.events[index].pristine = 0 }
        }
        let option = OptionText(encoding)
        var encoder = try EncoderCatalogue.make(option.name, option.rest)
        return ValidityTests.output(&encoder, batch)
    }

    static let lines = [
        #"{"a":1,"b":-0,"c":1.0,"d":1e5,"e":9007199254740993,"f":123456789012345678901234567890,"g":0.1E-7}"#,
        #"{"s":"","u":"Grüße 你好 😀","x":"\u0041\u00e9\ud83d\ude00\n\/\\\"","slash":"a/b"}"#,
        #"{"n":null,"t":true,"f":false,"o":{},"a":[],"deep":{"x":[1, 2 ,{"y": null}]},"dup":1,"dup":2}"#,
        #"{"time":"2026-10-09T22:33:20.120+02:00","timestamp":"2026-10-09T22:33:20z","severity":"err","structured_data":"x"}"#,
        "{}",
        #"{"del":"\#u{7f}"}"#,
    ]

    @Test func `untouched JSON is unchanged, byte for byte`() throws {
        let odd = [#"{ "a" : 1 ,"b":[ ] }"#, #"{"\u0061":1,"a":2}"#]
        let frames = (Self.lines + odd).map { Array($0.utf8) }
        let expected = [UInt8](frames.map { $0 + [0x0A] }.joined())
        #expect(
            String(decoding: try Self.converted(frames, from: "json", to: "json"), as: UTF8.self)
                == String(decoding: expected, as: UTF8.self))
    }

    @Test func `values of a touched event keep their spelling`() throws {
        let frames = Self.lines.dropLast().map { Array($0.utf8) }
        let expected = [UInt8](frames.map { $0 + [0x0A] }.joined())
        let output = try Self.converted(frames, from: "json", to: "json", touched: true)
        #expect(String(decoding: output, as: UTF8.self) == String(decoding: expected, as: UTF8.self))
    }

    @Test(arguments: 1...10)
    func `JSON carries any text`(seed: Int) throws {
        var numbers = SeededNumbers(seed: UInt64(seed))
        for _ in 0..<100 {
            let object = Self.object(&numbers)
            let frame = Array(try JSONSerialization.data(withJSONObject: object))
            let output = try Self.converted([frame], from: "json", to: "json", touched: true)
            let back = try JSONSerialization.jsonObject(with: Data(output)) as? NSDictionary
            #expect(back == object as NSDictionary)
        }
    }

    @Test(arguments: 1...10)
    func `logfmt carries any text`(seed: Int) throws {
        var numbers = SeededNumbers(seed: UInt64(seed))
        for _ in 0..<100 {
            let object = Self.object(&numbers)
            let frame = Array(try JSONSerialization.data(withJSONObject: object))
            let line = try Self.converted([frame], from: "json", to: "logfmt")
            let output = try Self.converted([Array(line.dropLast())], from: "logfmt", to: "json")
            let back = try JSONSerialization.jsonObject(with: Data(output)) as? NSDictionary
            #expect(back == object as NSDictionary, "\(String(decoding: line, as: UTF8.self))")
        }
    }

    @Test(arguments: [",", ";", "\\t"], 1...5)
    func `CSV carries any text`(delimiter: String, seed: Int) throws {
        var numbers = SeededNumbers(seed: UInt64(seed))
        for _ in 0..<50 {
            let object = Self.object(&numbers, names: ["a", "b", "c"])
            let frame = Array(try JSONSerialization.data(withJSONObject: object))
            let row = try Self.converted([frame], from: "json", to: "csv:columns=a,b,c,header=false,delimiter=\(delimiter)")
            let output = try Self.converted([Array(row.dropLast())], from: "csv:columns=a,b,c,delimiter=\(delimiter)", to: "json")
            let back = try JSONSerialization.jsonObject(with: Data(output)) as? NSDictionary
            #expect(back == object as NSDictionary, "\(String(decoding: row, as: UTF8.self))")
        }
    }

    /// An object of texts with anything in them.
    static func object(_ numbers: inout SeededNumbers, names: [String]? = nil) -> [String: String] {
        let names = names ?? (0..<Int.random(in: 1...5, using: &numbers)).map { "key\($0)" }
        let odd = Array("\"\\{}[]:,;=#<> \n\r\t\u{0}\u{1b}\u{7f}abcüé你😀'/")
        return Dictionary(
            uniqueKeysWithValues: names.map { name in
                let count = Int.random(in: 0...40, using: &numbers)
                return (name, String((0..<count).map { _ in odd.randomElement(using: &numbers)! }))
            })
    }
}
