import CSluice
import Glibc
package import SluiceComponent
import SluiceConfig
import SluiceEvent

/// Sluice's own log as events.
///
/// Lines wait in the bounded ``LogFeed``. What is logged while such an event goes through the rules is written to the log but makes no
/// further event, so nothing goes round in a circle; repeated messages are one line, as in the log itself.
package final class InternalInput: Input {
    private let setting: InternalSetting
    private let hostname = MachineName.bytes

    /// An input.
    package init(_ setting: InternalSetting) { self.setting = setting }

    /// Key of the saved position.
    static let key = "log"
    /// Lines of one batch.
    private static let linesMax = 500

    package func run(_ session: any InputSession) throws(InputError) {
        guard let feed = session.ownLog else {
            throw InputError(.notBuiltIn, "there is no log of its own here; an input `internal` belongs to `sluice run`")
        }
        let bell = feed.join()
        defer { feed.leave(bell) }
        session.count(.opened, 1)
        let saved = session.positions[Self.key]?.value?.split(separator: " ") ?? []
        var number = saved.count == 2 && saved[0] == feed.run ? Int64(saved[1]) ?? 0 : 0
        while !session.stop.isSet {
            let (lines, lost) = feed.entries(after: number, max: Self.linesMax)
            if lost > 0 { session.count(.eventsLost, lost) }
            guard let last = lines.last else {
                wait(bell, session.stop)
                continue
            }
            guard let box = session.takeBatch() else { return }
            number = last.number
            var bytes = 0
            for line in lines where line.severity <= setting.severityMax {
                add(line, session.now, box.events)
                bytes += line.message.utf8.count
            }
            session.send(box, stream: 0, bytes: bytes, positions: [Position(key: Self.key, value: "\(feed.run) \(number)")])
        }
    }

    private func wait(_ bell: Bell, _ stop: StopFlag) {
        var entries = (
            pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
        )
        _ = withUnsafeMutableBytes(of: &entries) { poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 2, -1) }
        if entries.0.revents != 0 { bell.clear() }
    }

    private static let componentKey = FieldKey("component").id
    private static let nameKey = FieldKey("component_name").id
    private static let processID = Array("\(getpid())".utf8)

    private func add(_ line: LogFeed.Entry, _ received: Int64, _ batch: borrowing EventBatch) {
        let text = Array(line.message.utf8)
        let event = text.withUnsafeBytes { EventBuilder(batch, .internal, raw: $0, received: received) }
        event.add(time: line.time, digits: 6)
        if !hostname.isEmpty { event.add(UInt16(SL_KEY_HOSTNAME), hostname) }
        event.add(UInt16(SL_KEY_APPNAME), Array("sluice".utf8))
        event.add(UInt16(SL_KEY_PROCID), Self.processID)
        event.add(facility: nil, severity: line.severity)
        let (component, name) = Self.component(of: line.message)
        event.add(Self.componentKey, Array(component.utf8))
        if let name { event.add(Self.nameKey, Array(name.utf8)) }
        for field in line.fields { Array(field.name.utf8).withUnsafeBytes { event.add(named: $0, Array(field.value.utf8)) } }
        event.add(UInt16(SL_KEY_MESSAGE), text)
        event.end()
    }

    /// Who speaks, by how lines of inputs and outputs begin: ``input `app`: …``.
    static func component(of message: String) -> (component: String, name: String?) {
        for kind in ["input", "output"] where message.hasPrefix(kind + " `") {
            let rest = message.dropFirst(kind.count + 2)
            guard let end = rest.firstIndex(of: "`") else { continue }
            return (kind, String(rest[..<end]))
        }
        return ("service", nil)
    }
}

/// The checked options of `type: internal`.
package struct InternalSetting: Sendable {
    /// RFC 5424's number of the least severe lines that are taken.
    let severityMax: Int64

    private static let levels: [(name: String, severity: Int64)] = [("debug", 7), ("info", 6), ("warning", 4), ("error", 3)]

    /// The declared options.
    static let options: [OptionSpec] = [
        OptionSpec(
            "level", .choice(levels.map(\.name)), default: "info",
            "least level of the lines that become events, among those that `log: { level: … }` has written", example: "warning")
    ]

    /// The setting that checked options describe.
    init(_ values: OptionValues) {
        severityMax = Self.levels.first { $0.name == values.text("level") }?.severity ?? 6
    }
}

/// The checked configuration of ``InternalInput``.
struct InternalPlan: InputPlan {
    let setting: InternalSetting

    func makeInput() -> any Input { InternalInput(setting) }
}

extension InputCatalogue {
    /// `type: internal`.
    static let `internal` = Entry(
        kind: "internal", summary: "Sluice's own log as events, with `component` and `component_name` of who speaks",
        promise:
            "In order; lines that had not been handed on when the service ended, and those for which the bounded queue had no room, are lost as events and stand in the log all the same.",
        options: InternalSetting.options, example: "{ type: internal, level: warning }",
        make: { values, _ throws(ConfigError) in InternalPlan(setting: InternalSetting(values)) })
}
