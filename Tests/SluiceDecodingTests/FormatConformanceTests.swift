import Foundation
import SluiceComponent
import SluiceConfig
import SluiceEvent
import Testing

@testable import SluiceDecoding

@Suite struct FormatConformanceTests {
    private static let runner = ConformanceRunner { theCase, strict in
        try DecoderCatalogue.make(
            OptionText(theCase.format + options(of: theCase)), strict: strict, zone: Zone(named: theCase.zone)
        ).decoder
    }

    /// The options of a case as users write them.
    private static func options(of theCase: ConformanceCase) -> String {
        let pairs = theCase.options.sorted { $0.key < $1.key }.map { key, value in
            let text =
                switch value {
                case let list as [String]: list.joined(separator: ",")
                case let text as String: text == "\t" ? "\\t" : text == " " ? "space" : text
                case let flag as Bool: flag ? "true" : "false"
                default: "\(value)"
                }
            return "\(key)=\(text)"
        }
        return pairs.isEmpty ? "" : ":" + pairs.joined(separator: ",")
    }

    /// What is wrong with the fields of a single event.
    private static func difference(_ theCase: ConformanceCase, strict: Bool) throws -> String? {
        let result = try runner.decode(theCase, strict: strict)
        if strict, theCase.mustFail {
            return result.refusal == nil ? "was not refused" : result.events.isEmpty ? nil : "left an event"
        }
        if let refusal = result.refusal { return "was refused: \(refusal)" }
        guard result.events.count == 1 else { return "gave \(result.events.count) events" }
        let comparison = ConformanceComparison(now: theCase.now)
        let accepted = [theCase.expected].compactMap(\.self) + theCase.alternatives
        let differences = accepted.map { expected -> String? in
            for (name, wanted) in expected["fields"] as? [String: Any] ?? [:] {
                let value = result.events[0][name]
                if !comparison.isEqualValue(value, wanted) {
                    return "`\(name)` is \(ConformanceComparison.show(value)) and not \(wanted)"
                }
            }
            return nil
        }
        return differences.contains(nil) ? nil : differences[0]
    }

    @Test(arguments: try ConformanceCase.load("json"))
    func `every JSON and CEE case is read as expected`(theCase: ConformanceCase) throws {
        #expect(try Self.difference(theCase, strict: theCase.isStrict) == nil)
    }

    @Test(arguments: try ConformanceCase.load("json").filter { $0.isStrict && !$0.isStrictOnly && !$0.mustFail })
    func `strict JSON cases give the same in tolerant mode`(theCase: ConformanceCase) throws {
        #expect(try Self.difference(theCase, strict: false) == nil)
    }

    @Test(arguments: try ConformanceCase.load("logfmt"))
    func `every logfmt case is read as expected`(theCase: ConformanceCase) throws {
        #expect(try Self.difference(theCase, strict: theCase.isStrict) == nil)
    }

    @Test(arguments: try ConformanceCase.load("csv"), [true, false])
    func `every CSV case gives its rows`(theCase: ConformanceCase, strict: Bool) throws {
        if strict && !theCase.isStrict { return }
        let result = try Self.runner.decode(theCase, strict: strict)
        if theCase.mustFail {
            #expect(strict ? result.refusal != nil && result.events.isEmpty : result.events.count == 1)
            return
        }
        let rows = result.events.map { event in
            event.fields.map { field -> String in
                guard case .bytes(let bytes) = field.value else { return "?" }
                return String(decoding: bytes, as: UTF8.self)
            }
        }
        let accepted = ([theCase.expected].compactMap(\.self) + theCase.alternatives).map { $0["rows"] as? [[String]] }
        #expect(accepted.contains(rows), "\(rows)")
    }

    @Test(arguments: try ConformanceCase.load("combined"))
    func `every access log case is read as expected`(theCase: ConformanceCase) throws {
        var runner = Self.runner
        runner.names = ["time": "timestamp"]
        #expect(try runner.difference(theCase, strict: theCase.isStrict) == nil)
    }

    @Test(arguments: try ConformanceCase.load("containers"))
    func `every container case is read as expected`(theCase: ConformanceCase) throws {
        guard let messages = theCase.expected?["messages"] as? [String] else {
            #expect(try Self.runner.difference(theCase, strict: theCase.isStrict) == nil)
            return
        }
        let events = try Self.runner.decode(theCase, strict: theCase.isStrict).events
        let comparison = ConformanceComparison(now: theCase.now)
        #expect(events.count == messages.count)
        for (event, message) in zip(events, messages) { #expect(comparison.isEqualValue(event["message"], message)) }
    }

    @Test(
        arguments: try ["json", "logfmt", "csv", "combined", "containers"].flatMap { try ConformanceCase.load($0) }
            .filter { $0.mustFail })
    func `what strict mode refuses is kept in tolerant mode`(theCase: ConformanceCase) throws {
        let events = try Self.runner.decode(theCase, strict: false).events
        #expect(events.map(\.raw) == theCase.inputs || theCase.inputs == [[]])
    }
}
