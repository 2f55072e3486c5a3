import CSluice
import Glibc
import Logging
package import SluiceComponent
import SluiceConfig
import SluiceEvent

/// The kernel's log, from `/dev/kmsg`.
///
/// Records have numbers; the number of the last one, and of which start of the machine it is, is the position. A number that is
/// missing is a record that the kernel overwrote before it was read, which is counted and told of.
package final class KmsgInput: Input {
    private let setting: KmsgSetting
    /// Which start of the machine this is.
    private let boot: String
    private let hostname = MachineName.bytes

    /// An input; tests say which start of the machine it is.
    package init(_ setting: KmsgSetting, boot: String? = nil) {
        self.setting = setting
        self.boot = boot ?? Self.currentBoot
    }

    package func run(_ session: any InputSession) throws(InputError) {
        let device = try KmsgDevice(setting.path)
        session.count(.opened, 1)
        let saved = session.positions[KmsgPlace.key]
        var place = KmsgPlace(boot: boot, saved: saved)
        // What is there already is passed over, but noted, so that a restart goes on behind it.
        var isPassing = setting.startsAtEnd && saved == nil
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: KmsgDevice.readBytes, alignment: 1)
        defer { room.deallocate() }
        while !session.stop.isSet {
            guard let box = session.takeBatch() else { return }
            let turn = try read(device, into: box.events, room, &place, isPassing: isPassing, session)
            let position = place.position.map { [$0] } ?? []
            if turn.bytes > 0 { session.send(box, stream: 0, bytes: turn.bytes, positions: position) } else { session.giveBack(box) }
            if turn.hasEnded { return }
            guard turn.isEmpty else { continue }
            isPassing = false
            device.wait(session.stop)
        }
    }

    /// Records of one batch.
    private static let recordsMax = 1_000

    private struct Turn {
        var bytes = 0
        /// There is nothing more now.
        var isEmpty = false
        var hasEnded = false
    }

    private func read(
        _ device: borrowing KmsgDevice, into batch: borrowing EventBatch, _ room: UnsafeMutableRawBufferPointer, _ place: inout KmsgPlace,
        isPassing: Bool, _ session: any InputSession
    ) throws(InputError) -> Turn {
        var turn = Turn()
        let received = session.now
        // The kernel stamps with the clock that begins at the start.
        let startNs = received - MonotonicClock.now
        while batch.count < Self.recordsMax, !session.stop.isSet {
            switch try device.read(room) {
            case .bytes(let count):
                turn.bytes += count
                KmsgDevice.forEachRecord(UnsafeRawBufferPointer(rebasing: room[..<count])) { bytes in
                    guard let record = KmsgRecord(bytes) else {
                        if !isPassing { addText(bytes, received, batch) }
                        return
                    }
                    guard case .new(let lost) = place.take(record.sequence) else { return }
                    if lost > 0, !isPassing { tellLoss(lost, session) }
                    if !isPassing { add(record, bytes, startNs, received, batch) }
                }
            case .empty:
                turn.isEmpty = true
                return turn
            case .overwritten: continue
            case .ended:
                turn.hasEnded = true
                return turn
            }
        }
        return turn
    }

    private func tellLoss(_ count: Int, _ session: any InputSession) {
        session.count(.eventsLost, count)
        session.log.error(
            "input `\(session.name)`: \(count) record\(count == 1 ? "" : "s") of the kernel's log had been overwritten before they were read; a larger one (`log_buf_len=`) keeps more"
        )
    }

    private func add(
        _ record: KmsgRecord, _ bytes: UnsafeRawBufferPointer, _ startNs: Int64, _ received: Int64, _ batch: borrowing EventBatch
    ) {
        let event = EventBuilder(batch, .kmsg, raw: bytes, received: received)
        let (sinceStart, overflow) = record.microseconds.multipliedReportingOverflow(by: 1_000)
        if !overflow { event.add(time: startNs &+ sinceStart, digits: 6) }
        if !hostname.isEmpty { event.add(UInt16(SL_KEY_HOSTNAME), hostname) }
        let facility = record.priority >> 3
        let text = KmsgRecord.unescaped(record.text)
        // Programs write here as well, early in the start, as they do to a syslog socket.
        let tag = facility == 0 ? nil : KmsgTag(text)
        event.add(UInt16(SL_KEY_APPNAME), tag.map { text[$0.name] } ?? ArraySlice("kernel".utf8))
        if let id = tag?.id { event.add(UInt16(SL_KEY_PROCID), text[id]) }
        event.add(facility: facility < 24 ? facility : nil, severity: record.priority & 7)
        event.add(Self.sequenceKey, integer: record.sequence)
        record.forEachProperty { name, value in event.add(named: UnsafeRawBufferPointer(rebasing: name), value) }
        event.add(UInt16(SL_KEY_MESSAGE), text[(tag?.end ?? 0)...])
        event.end()
    }

    /// A line that is no record.
    private func addText(_ bytes: UnsafeRawBufferPointer, _ received: Int64, _ batch: borrowing EventBatch) {
        let event = EventBuilder(batch, .kmsg, raw: bytes, received: received, flags: .undecoded)
        event.add(UInt16(SL_KEY_MESSAGE), bytes)
        event.end()
    }

    private static let sequenceKey = FieldKey("sequence").id

    private static var currentBoot: String {
        guard let bytes = try? SmallFile.read("/proc/sys/kernel/random/boot_id", bytesMax: 64) else { return "unknown" }
        return String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
    }
}

/// `name: ` or `name[id]: ` at the start of a text.
struct KmsgTag {
    let name: Range<Int>
    let id: Range<Int>?
    /// Where the message begins.
    let end: Int

    private static let nameBytesMax = 48

    /// Nil when the text does not begin with one.
    init?(_ text: [UInt8]) {
        guard
            let stop = text.prefix(Self.nameBytesMax).firstIndex(where: { $0 <= 0x20 || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "[") }
            ),
            stop > 0, text[stop] > 0x20
        else { return nil }
        name = 0..<stop
        var at = stop
        if text[at] == UInt8(ascii: "[") {
            guard let close = text[at...].prefix(24).firstIndex(of: UInt8(ascii: "]")), close > at + 1,
                text[(at + 1)..<close].allSatisfy({ 0x30...0x39 ~= $0 })
            else { return nil }
            id = (at + 1)..<close
            at = close + 1
        } else {
            id = nil
        }
        guard at + 1 < text.count, text[at] == UInt8(ascii: ":"), text[at + 1] == 0x20 else { return nil }
        end = at + 2
    }
}

/// The checked options of `type: kmsg`.
package struct KmsgSetting: Sendable {
    let path: String
    let startsAtEnd: Bool

    /// The declared options.
    static let options: [OptionSpec] = [
        OptionSpec(
            "start", .choice(["beginning", "end"]), default: "beginning",
            "where reading begins for the first time: with the oldest record that the kernel has, or with those to come", example: "end"),
        OptionSpec("path", .text, default: "/dev/kmsg", "the device, or a file or pipe with records of its form", example: "/dev/kmsg"),
    ]

    /// The setting that checked options describe.
    init(_ values: OptionValues, _ setting: InputSetting) {
        let path = values.text("path") ?? "/dev/kmsg"
        self.path = path.hasPrefix("/") ? path : setting.folder + "/" + path
        startsAtEnd = values.text("start") == "end"
    }
}

/// The checked configuration of ``KmsgInput``.
struct KmsgPlan: InputPlan {
    let setting: KmsgSetting

    func makeInput() -> any Input { KmsgInput(setting) }
}

extension InputCatalogue {
    /// `type: kmsg`.
    static let kmsg = Entry(
        kind: "kmsg", summary: "the kernel's log; priority and time become the standard fields, properties fields of their own names",
        promise:
            "At least once and in order, as long as the kernel keeps the records: number and start of the machine are the position. Records that were overwritten before they were read are counted and told of.",
        options: KmsgSetting.options, example: "{ type: kmsg, start: end }",
        make: { values, setting throws(ConfigError) in KmsgPlan(setting: KmsgSetting(values, setting)) })
}
