import CSluice
import Foundation
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceInputs

/// Entries that journald 252 wrote, through a program in the place of journalctl. The second suite has the real one.
@Suite struct JournalTests {
    let folder = TemporaryFolder()

    private static func entry(_ number: Int, message: String, more: String = "") -> String {
        """
        {"_HOSTNAME":"vm","PRIORITY":"4","__REALTIME_TIMESTAMP":"179528848231512\(number)","__MONOTONIC_TIMESTAMP":"15545454766",\
        "__CURSOR":"\(cursor(number))","SYSLOG_IDENTIFIER":"jt","SYSLOG_FACILITY":"3","_PID":"13","_COMM":"cat","_UID":"0"\(more),\
        "MESSAGE":\(message)}
        """
    }

    private static func cursor(_ number: Int) -> String {
        "s=400affd35feb4939a58bb83d964e63dc;i=16\(number);b=f21ddcb66f044947b778daf9b7295ff2;m=39e94d0a\(number);t=660ce2c41fb7\(number);x=e2\(number)"
    }

    /// A journalctl that notes its arguments and writes entries.
    private func program(_ lines: [String], then rest: String = "exec sleep 1000") -> String {
        let entries = folder.file("entries", lines.map { $0 + "\n" }.joined())
        return folder.program("journalctl", "#!/bin/sh\necho \"$@\" >> \(folder.path)/calls\ncat \(entries)\n\(rest)\n")
    }

    private func start(
        _ program: String, _ session: TestSession, _ options: [(key: String, value: OptionValues.Value)] = []
    ) throws -> RunningInput {
        RunningInput(try makeInput("journal", [("program", .text(program))] + options), session)
    }

    private var calls: [String] {
        ((try? String(contentsOfFile: folder.path + "/calls", encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    private static func saved(_ number: Int, selection: String = "") -> [String: Position] {
        [
            JournalPlace.cursorKey: Position(key: JournalPlace.cursorKey, value: cursor(number)),
            JournalPlace.selectionKey: Position(key: JournalPlace.selectionKey, value: selection),
        ]
    }

    private static let shown: @Sendable (borrowing EventBatch, UnsafeMutablePointer<sl_event>) -> String = { batch, event in
        let names = [
            "timestamp", "hostname", "appname", "procid", "facility", "severity", "_COMM", "_PID", "_UID", "PRIORITY", "__CURSOR",
            "message",
        ]
        return names.map { TestSession.field($0, event, batch) }.joined(separator: "|")
    }

    @Test func `an entry becomes an event with the standard fields, the others under their own names`() throws {
        let session = TestSession(text: Self.shown)
        let running = try start(program([Self.entry(1, message: "\"hello from cat\"")]), session)
        #expect(
            session.messages(1) == ["2026-11-21T19:14:42.315121Z|vm|jt|13|daemon|warning|cat|13|0|||hello from cat"])
        running.stop()
        #expect(session.saved == Self.saved(1))
        #expect(calls == ["--output=json --all --follow --no-tail"])
    }

    @Test func `bytes that are no text, escapes and values that are not what they should be are kept`() throws {
        let session = TestSession(text: Self.shown)
        let odd = [
            Self.entry(1, message: "[99, 97,102,195,169,10]"), Self.entry(2, message: #""a \"quoted\" \u00e9""#),
            Self.entry(3, message: #"["one","two"]"#).replacing("\"PRIORITY\":\"4\"", with: "\"PRIORITY\":\"loud\""),
            Self.entry(4, message: "null").replacing(",\"SYSLOG_IDENTIFIER\":\"jt\"", with: ""),
            "-- Boot f21ddcb66f044947b778daf9b7295ff2 --",
            "{\"__CURSOR\":\"cut",
        ]
        let running = try start(program(odd), session)
        let messages = session.messages(5).map { $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init) }
        running.stop()
        #expect(messages.map { $0.last } == ["café\n", #"a "quoted" é"#, #"["one","two"]"#, "", "{\"__CURSOR\":\"cut"])
        #expect(messages.map { $0[5] } == ["warning", "warning", "", "warning", ""])
        #expect(messages.map { $0[9] } == ["", "", "loud", "", ""])
        #expect(messages.map { $0[2] } == ["jt", "jt", "jt", "cat", ""])
        #expect(session.saved == Self.saved(4))
    }

    @Test(arguments: [(["standard"], "||", "MESSAGE"), (["_UID"], "||0", "_UID"), (["_COMM", "_UID"], "cat||0", "_COMM,_UID")])
    func `fields are those that were asked for`(_ fields: [String], _ rest: String, _ asked: String) throws {
        let session = TestSession { batch, event in
            ["_COMM", "_PID", "_UID", "procid", "appname", "OTHER"].map { TestSession.field($0, event, batch) }.joined(separator: "|")
        }
        let line = Self.entry(1, message: "\"x\"", more: ",\"OTHER\":\"y\"")
        let running = try start(program([line]), session, [("fields", .texts(fields))])
        #expect(session.messages(1) == [rest + "|13|jt|"])
        running.stop()
        #expect(calls.first?.contains("--output-fields=MESSAGE,PRIORITY,SYSLOG_FACILITY,") == true)
        #expect(calls.first?.contains(asked) == true)
    }

    @Test func `a restart begins with the last entry and does not send it again`() throws {
        let session = TestSession(positions: Self.saved(1))
        // Moved from memory to the disk the entry has another file and number.
        let moved = Self.entry(1, message: "\"one\"").replacing("s=400affd3", with: "s=99999999").replacing("i=161", with: "i=7")
        let running = try start(program([moved, Self.entry(2, message: "\"two\"")]), session)
        #expect(session.messages(1) == ["two"])
        running.stop()
        #expect(calls == ["--output=json --all --follow --no-tail --cursor=\(Self.cursor(1))"])
        #expect(session.counter(.eventsLost) == 0)
        #expect(session.saved[JournalPlace.cursorKey]?.value == Self.cursor(2))
    }

    @Test func `an entry that is gone is told of as a loss`() throws {
        let session = TestSession(positions: Self.saved(1))
        let running = try start(program([Self.entry(5, message: "\"five\"")]), session)
        #expect(session.messages(1) == ["five"])
        running.stop()
        #expect(session.counter(.eventsLost) == 1)
        let errors = session.logged.all.filter { $0.hasPrefix("error") }
        #expect(errors.count == 1 && errors[0].contains("of 2026-11-21T19:14:42.315121Z") == true, "\(errors)")
    }

    @Test func `with another selection the last entry need not come`() throws {
        let session = TestSession(positions: Self.saved(1))
        let running = try start(
            program([Self.entry(2, message: "\"two\"")]), session,
            [
                ("units", .texts(["a.service"])), ("matches", .texts(["_UID=0", "+", "PRIORITY=3"])), ("directory", .text("/j")),
                ("boot", .text("current")),
            ])
        #expect(session.messages(1) == ["two"])
        running.stop()
        let selection = "--directory=/j --boot --unit=a.service -- _UID=0 + PRIORITY=3"
        #expect(calls == ["--output=json --all --follow --no-tail --after-cursor=\(Self.cursor(1)) \(selection)"])
        #expect(session.counter(.eventsLost) == 0)
        #expect(session.saved == Self.saved(2, selection: selection))
    }

    @Test func `a cursor that is refused is forgotten, loudly`() throws {
        let session = TestSession(positions: Self.saved(1))
        let running = try start(program([], then: "echo 'Failed to seek to cursor: Invalid argument' >&2; exit 1"), session)
        let error = session.wait(for: "an error") { $0.error }
        running.stop()
        #expect(error?.message.hasSuffix("exited with status 1: Failed to seek to cursor: Invalid argument") == true)
        #expect(session.saved == [:])
        #expect(session.logged.all.contains { $0.hasPrefix("error: input `test`: journalctl does not take the saved cursor") })
    }

    @Test func `the end is a place too, which a restart knows`() throws {
        let session = TestSession()
        let answer = "__CURSOR=\(Self.cursor(3))\n_BOOT_ID=f21d\n"
        let script = "case \"$*\" in *--lines=1*) printf '%s' '\(answer)'; exit 0;; esac; exec sleep 1000"
        let path = folder.program("journalctl", "#!/bin/sh\necho \"$@\" >> \(folder.path)/calls\n\(script)\n")
        let running = try start(path, session, [("start", .text("end"))])
        _ = session.wait(for: "a position") { $0.sent.first?.positions.first }
        #expect(eventually { session.logged.all.contains { $0.contains("runs as process") && $0.hasPrefix("info") } })
        running.stop()
        #expect(session.saved == Self.saved(3))
        #expect(calls.first == "--output=export --output-fields=_BOOT_ID --lines=1")
    }

    @Test func `a program that ends is an error with its last words, and nothing half is sent`() throws {
        let session = TestSession()
        let path = program([Self.entry(1, message: "\"one\"")], then: "printf '{\"MESSAGE\":\"ha'; echo 'No space' >&2; exit 3")
        let running = try start(path, session)
        let error = session.wait(for: "an error") { $0.error }
        running.stop()
        #expect(error == InputError(.unreadable, "`\(path)` exited with status 3: No space"))
        #expect(session.state.withLock { $0.sent.flatMap(\.messages) } == ["one"])
        #expect(session.counter(.bytesLost) == 0)
    }

    @Test func `a journalctl that is missing is an error that says what to do`() throws {
        let session = TestSession()
        let running = try start("/no/such/journalctl", session)
        let error = session.wait(for: "an error") { $0.error }
        running.stop()
        #expect(
            error
                == InputError(
                    .missing,
                    "cannot start `/no/such/journalctl`: No such file or directory; it belongs to systemd, and `program` takes its path"))
    }

    @Test(arguments: [
        [("matches", OptionValues.Value.texts(["_uid=0"]))], [("matches", .texts(["UID"]))], [("fields", .texts(["all", "X"]))],
        [("start", .text("end")), ("since", .text("-1h"))],
    ])
    func `options that cannot be are refused`(_ options: [(key: String, value: OptionValues.Value)]) {
        #expect(throws: ConfigError.self) { try makeInput("journal", options) }
    }
}
