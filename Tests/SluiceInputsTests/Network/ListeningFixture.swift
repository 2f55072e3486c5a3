import CSluice
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceInputs

/// A listening input that runs, and what it sends.
final class ListeningFixture {
    typealias Options = [(key: String, value: OptionValues.Value)]

    let session: TestSession
    let running: RunningInput

    /// Starts an input that listens at a port of its own, unless the options say where.
    init(
        _ kind: String, _ options: Options = [], folder: String = "/",
        text: @escaping @Sendable (borrowing EventBatch, UnsafeMutablePointer<sl_event>) -> String = { EventText.framed($0, $1) }
    ) throws {
        var options = options
        if !options.contains(where: { $0.key == "listen" }) { options.append(("listen", .text("tcp://127.0.0.1:0"))) }
        let kind = try #require(ListeningKind(rawValue: kind))
        let values = try OptionValues(options, of: kind.options, component: "input `\(kind.rawValue)`")
        let input = ListeningInput(try ListeningSetting(values, kind: kind, InputSetting(name: "test", folder: folder, zone: .utc)))
        session = TestSession(text: text)
        running = RunningInput(input, session)
    }

    /// All that is known of each event.
    convenience init(describing kind: String, _ options: Options = [], folder: String = "/") throws {
        try self.init(kind, options, folder: folder, text: { EventText.describe($0, $1).joined(separator: " | ") })
    }

    /// The ports of addresses of a scheme, in the order of the configuration, once it listens.
    func ports(_ scheme: String = "tcp") throws -> [Int] {
        let begin = "info: listening on \(scheme)://"
        let deadline = MonotonicClock.now + 20_000_000_000
        while MonotonicClock.now < deadline {
            let lines = session.logged.all.filter { $0.hasPrefix(begin) }
            let ports = lines.compactMap { $0.split(separator: ":").last.flatMap { Int($0) } }
            if !ports.isEmpty { return ports }
            if let error = session.state.withLock({ $0.error }) { throw error }
            _ = session.stop.wait(nanoseconds: 1_000_000)
        }
        Issue.record("it does not listen: \(session.logged.all)")
        return []
    }

    /// Connects once it listens.
    func connect() throws -> TestPeer { try TestPeer(port: try #require(try ports().first)) }

    /// Waits until it listens at a path, and connects.
    func connect(path: String) throws -> TestPeer {
        let deadline = MonotonicClock.now + 20_000_000_000
        while MonotonicClock.now < deadline, !session.logged.all.contains(where: { $0.contains(path) }) {
            if let error = session.state.withLock({ $0.error }) { throw error }
            _ = session.stop.wait(nanoseconds: 1_000_000)
        }
        return try TestPeer(path: path)
    }

    /// Waits until a counter has a value.
    func counts(_ counter: InputCounter, _ value: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        _ = session.wait(for: "\(counter) = \(value)", sourceLocation: sourceLocation) { $0.counts[counter] ?? 0 == value ? true : nil }
    }

    /// Messages once there are so many, and no more when it was stopped.
    func messages(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) -> [String] {
        let messages = session.messages(count, sourceLocation: sourceLocation)
        #expect(messages.count == count, sourceLocation: sourceLocation)
        return messages
    }

    /// Stops it and answers everything that it has sent.
    func stop() -> [String] {
        running.stop()
        return session.state.withLock { $0.sent.flatMap(\.messages) }
    }
}
