import CSluice
import Foundation
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceInputs

@Suite struct KmsgTests {
    let folder = TemporaryFolder()

    /// Facility, severity, name, process, number, properties, message.
    private static let shown: @Sendable (borrowing EventBatch, UnsafeMutablePointer<sl_event>) -> String = { batch, event in
        ["facility", "severity", "appname", "procid", "sequence", "SUBSYSTEM", "DEVICE", "message"]
            .map { TestSession.field($0, event, batch) }.joined(separator: "|")
    }

    private static let records = """
        5,0,0,-;Linux version 6.1.0 (builder@host) #1 SMP
        6,1,123456,-;NET: Registered PF_INET protocol family
         SUBSYSTEM=net
         DEVICE=+net:eth0
        30,2,200000,-;systemd[1]: Started caf\\xc3\\xa9.service.
        3,3,300000,c;a tab\\x09and a backslash \\x5c
        no record at all
        190,4,400000,-,caller=T1;local: seven

        """

    private func start(_ text: String, _ session: TestSession, boot: String = "boot-1", start: String = "beginning") throws -> RunningInput
    {
        let path = folder.path + "/kmsg"
        try Data(text.utf8).write(to: URL(filePath: path))
        let values = try OptionValues([("path", .text(path)), ("start", .text(start))], of: KmsgSetting.options, component: "input `kmsg`")
        let setting = KmsgSetting(values, InputSetting(name: "test", folder: "/", zone: .utc))
        return RunningInput(KmsgInput(setting, boot: boot), session)
    }

    @Test func `records become events with their properties, and escapes the bytes that they stand for`() throws {
        let session = TestSession(text: Self.shown)
        let running = try start(Self.records, session)
        #expect(
            session.messages(6) == [
                "kern|notice|kernel||0|||Linux version 6.1.0 (builder@host) #1 SMP",
                "kern|info|kernel||1|net|+net:eth0|NET: Registered PF_INET protocol family",
                "daemon|info|systemd|1|2|||Started café.service.",
                "kern|err|kernel||3|||a tab\tand a backslash \\",
                "|||||||no record at all",
                "local7|info|local||4|||seven",
            ])
        _ = session.wait(for: "the end") { $0.isEnded ? true : nil }
        running.stop()
        #expect(session.saved[KmsgPlace.key]?.value == "boot-1 4")
        #expect(session.counter(.eventsLost) == 0)
    }

    @Test func `a restart goes on behind the last record, another start of the machine begins anew`() throws {
        let saved = [KmsgPlace.key: Position(key: KmsgPlace.key, value: "boot-1 2")]
        let same = TestSession(positions: saved)
        try start(Self.records, same).stop(awaiting: same)
        #expect(same.messages(3) == ["a tab\tand a backslash \\", "no record at all", "seven"])
        let other = TestSession(positions: saved)
        try start(Self.records, other, boot: "boot-2").stop(awaiting: other)
        #expect(other.messages(6).count == 6)
        #expect(other.saved[KmsgPlace.key]?.value == "boot-2 4")
    }

    @Test func `what was overwritten is counted and told of`() throws {
        let session = TestSession(positions: [KmsgPlace.key: Position(key: KmsgPlace.key, value: "b 10")])
        try start("6,14,1,-;one\n6,15,2,-;two\n6,17,3,-;three\n", session, boot: "b").stop(awaiting: session)
        #expect(session.messages(3) == ["one", "two", "three"])
        #expect(session.counter(.eventsLost) == 4)
        #expect(session.logged.all.filter { $0.hasPrefix("error: input `test`: ") }.count == 2)
        #expect(session.logged.all.first?.contains("3 records of the kernel's log had been overwritten") == true)
    }

    @Test func `the end is behind what is there, and a restart knows it`() throws {
        let session = TestSession()
        try start(Self.records, session, start: "end").stop(awaiting: session)
        #expect(session.state.withLock { $0.sent.flatMap(\.messages) } == [])
        #expect(session.saved[KmsgPlace.key]?.value == "boot-1 4")
        let next = TestSession(positions: session.saved)
        try start(Self.records + "6,5,1,-;new\n", next, start: "end").stop(awaiting: next)
        #expect(next.messages(2) == ["no record at all", "new"])
    }

    @Test func `the time is that of the clock that began at the start`() throws {
        let session = TestSession { _, event in "\(event.pointee.time_ns)" }
        try start("6,1,5000000,-;five seconds\n", session).stop(awaiting: session)
        let time = try #require(Int64(session.messages(1)[0]))
        let start = session.now - MonotonicClock.now
        #expect(abs(time - start - 5_000_000_000) < 60_000_000_000)
    }

    @Test func `this machine's kernel log can be read where that is allowed`() throws {
        guard access("/dev/kmsg", R_OK) == 0, let device = try? KmsgDevice("/dev/kmsg") else { return }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: KmsgDevice.readBytes, alignment: 1)
        defer { room.deallocate() }
        guard case .bytes(let count) = try device.read(room) else { return }
        let record = try #require(KmsgRecord(UnsafeRawBufferPointer(rebasing: room[..<count])))
        #expect(!record.text.isEmpty && 0..<192 ~= record.priority)
    }

    @Test func `a path that is not there is an error with a name`() throws {
        let session = TestSession()
        let running = RunningInput(try makeInput("kmsg", [("path", .text("/no/such/kmsg"))]), session)
        let error = session.wait(for: "an error") { $0.error }
        running.stop()
        #expect(error == InputError(.missing, "cannot open `/no/such/kmsg`: No such file or directory"))
    }

    @Test(arguments: ["", ";", "6,1;x", "a,1,2,-;x", "6,,2,-;x", "6,1,99999999999999999999,-;x"]) func `other lines are no records`(
        _ line: String
    ) {
        Array(line.utf8).withUnsafeBytes { #expect(KmsgRecord($0) == nil) }
    }

    @Test func `a place moves forward only`() {
        var place = KmsgPlace(boot: "b", saved: nil)
        #expect(place.position == nil)
        #expect(
            [7, 8, 8, 3, 12, 13].map { place.take($0) } == [.new(lost: 0), .new(lost: 0), .known, .known, .new(lost: 3), .new(lost: 0)])
        #expect(place.position == Position(key: KmsgPlace.key, value: "b 13"))
    }
}

extension RunningInput {
    /// Waits until the input has come to its end.
    func stop(awaiting session: TestSession) {
        _ = session.wait(for: "the end") { $0.isEnded ? true : nil }
        stop()
    }
}
