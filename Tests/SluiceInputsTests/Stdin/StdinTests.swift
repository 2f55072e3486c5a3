import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceFraming
import Testing

@testable import SluiceInputs

@Suite struct StdinTests {
    let pipe = TestPipe()

    func start(_ format: String = "plain", multiline: String? = nil) throws -> (session: TestSession, running: RunningInput) {
        var texts = DecodingSetting.Texts()
        texts.format = format
        texts.multiline = multiline
        let setting = try DecodingSetting(texts, zone: .utc, framingOptions: FramingOptions(frameBytesMax: 1_024))
        let session = TestSession()
        return (session, RunningInput(StdinInput(setting, descriptor: pipe.reading), session))
    }

    @Test func `it is read to its end`() throws {
        let (session, running) = try start()
        pipe.write("one\ntw")
        #expect(session.messages(1) == ["one"])
        pipe.write("o\nlast")
        #expect(session.messages(2) == ["one", "two"])
        pipe.closeWriting()
        #expect(session.messages(3) == ["one", "two", "last"])
        _ = session.wait(for: "the end") { $0.isEnded ? true : nil }
        running.stop()
        #expect(session.counter(.bytesRead) == 12)
    }

    @Test func `a stop sends what was read whole and counts the rest as lost`() throws {
        let (session, running) = try start(multiline: "java")
        pipe.write("plain\na.BError: c\n\tat d.e(F.java:1)\nhalf")
        _ = session.messages(1)
        running.stop()
        #expect(session.messages(2) == ["plain", "a.BError: c\n\tat d.e(F.java:1)"])
        #expect(session.counter(.bytesLost) == 4)
    }

    @Test func `a settings fault is told in the configuration's words`() {
        let fault = #expect(throws: ConfigError.self) { try makeInput("stdin", [("multiline", .text("java")), ("framing", .text("nul"))]) }
        #expect(fault?.message == "`multiline` joins lines: it goes with `framing newline`, not with `nul`")
        #expect(throws: ConfigError.self) { try makeInput("stdin", [("format", .text("jsn"))]) }
        #expect(throws: ConfigError.self) { try makeInput("stdin", [("charset", .text("utf-5"))]) }
        #expect(throws: ConfigError.self) { try makeInput("stdin", [("timezone", .text("Mars/Base"))]) }
    }
}
