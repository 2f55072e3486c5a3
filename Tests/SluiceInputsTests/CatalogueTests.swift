import SluiceEvent
import Foundation
import SluiceComponent
import SluiceConfig
import SluiceInputs
import Testing
import Yams

/// What every kind of input must keep to; a kind is in it by being in the catalogue.
@Suite struct CatalogueTests {
    static let kinds = InputCatalogue.entries.map(\.kind)

    func entry(_ kind: String) throws -> InputCatalogue.Entry { try #require(InputCatalogue.entries.first { $0.kind == kind }) }

    /// The options of an entry's example.
    func example(_ entry: InputCatalogue.Entry) throws -> [(key: String, value: OptionValues.Value)] {
        let mapping = try #require(try compose(yaml: entry.example)?.mapping)
        return try mapping.compactMap { key, value in
            let name = try #require(key.string)
            if name == "type" {
                #expect(value.string == entry.kind)
                return nil
            }
            if let sequence = value.sequence { return (name, .texts(sequence.compactMap(\.string))) }
            return (name, .text(try #require(value.string)))
        }
    }

    @Test func `kinds are unique words`() {
        #expect(Set(Self.kinds).count == Self.kinds.count)
        #expect(Self.kinds.allSatisfy { kind in !kind.isEmpty && kind.allSatisfy { $0.isLowercase || $0 == "_" } })
    }

    @Test(arguments: kinds) func `a kind says what it is and what it promises`(_ kind: String) throws {
        let entry = try entry(kind)
        #expect(!entry.summary.isEmpty && !entry.summary.hasSuffix("."))
        #expect(entry.promise.hasSuffix("."))
    }

    @Test(arguments: kinds) func `options are documented, unique and their defaults valid`(_ kind: String) throws {
        let entry = try entry(kind)
        #expect(Set(entry.options.map(\.key)).count == entry.options.count)
        for option in entry.options {
            #expect(!option.summary.isEmpty && !option.example.isEmpty, "\(option.key)")
            if let standard = option.standard {
                let values = try example(entry).filter { $0.key != option.key } + [(option.key, .text(standard))]
                _ = try OptionValues(values, of: entry.options, component: "input `\(kind)`")
            }
        }
    }

    @Test(arguments: kinds) func `the example makes an input`(_ kind: String) throws {
        let entry = try entry(kind)
        let values = try OptionValues(try example(entry), of: entry.options, component: "input `\(kind)`")
        _ = try entry.make(values, InputSetting(name: "x", folder: "/nowhere", zone: .utc)).makeInput()
    }

    @Test(arguments: kinds) func `an unknown option is refused by name`(_ kind: String) throws {
        let entry = try entry(kind)
        #expect(throws: ConfigError.self) {
            _ = try OptionValues([("no_such_option", "1")], of: entry.options, component: "input `\(kind)`")
        }
    }

    @Test(arguments: kinds) func `an input that is stopped before it runs sends nothing and returns`(_ kind: String) throws {
        let entry = try entry(kind)
        let values = try OptionValues(try example(entry), of: entry.options, component: "input `\(kind)`")
        let session = TestSession()
        session.stop.set()
        let running = RunningInput(
            try entry.make(values, InputSetting(name: "x", folder: "/nowhere", zone: .utc)).makeInput(), session)
        running.stop()
        let state = session.state.withLock { $0 }
        #expect(state.isEnded && state.sent.flatMap(\.messages) == [])
    }

    /// Kinds that wait for others to send.
    static let listening = ListeningKind.allCases.map(\.rawValue) + ["forward", "sluice", "http"]

    /// `fetch` needs a host: `FetchInputTests` has the same promise.
    @Test(arguments: kinds.filter { !["exec", "stdin", "fetch"].contains($0) && !listening.contains($0) })
    func `an input that is held back ends when it is stopped`(_ kind: String) throws {
        let folder = TemporaryFolder()
        _ = folder.file("a.log", "one\n")
        let values: [(key: String, value: OptionValues.Value)] = kind == "file" ? [("include", .text("a.log"))] : []
        let feed = LogFeed()
        feed.add(time: 0, severity: 3, message: "one")
        let session = TestSession(feed: feed)
        session.hold()
        let running = RunningInput(try makeInput(kind, values, folder: folder.path), session)
        session.awaitHeld()
        running.stop()
        #expect(session.state.withLock { $0.sent } == [])
    }
}
