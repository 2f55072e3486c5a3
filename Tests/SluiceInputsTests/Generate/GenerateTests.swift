import SluiceEvent
import SluiceComponent
import SluiceConfig
import Testing

@testable import SluiceInputs

@Suite struct GenerateTests {
    func session(
        _ options: [(key: String, value: OptionValues.Value)], after other: TestSession? = nil
    ) throws -> TestSession {
        let values: [(key: String, value: OptionValues.Value)] = [("rate", .text("0")), ("format", .text("plain"))]
        let own = values.filter { value in !options.contains { $0.key == value.key } }
        let session = TestSession(positions: other?.saved ?? [:])
        let running = RunningInput(try makeInput("generate", own + options), session)
        _ = session.wait(for: "the end") { $0.isEnded ? true : nil }
        running.stop()
        return session
    }

    @Test func `the same seed gives the same lines and another one others`() throws {
        let options: [(key: String, value: OptionValues.Value)] = [("shape", .text("plain")), ("count", .text("2500"))]
        let first = try session(options + [("seed", .text("7"))]).messages(2_500)
        #expect(first.count == 2_500)
        #expect(try session(options + [("seed", .text("7"))]).messages(2_500) == first)
        #expect(try session(options + [("seed", .text("8"))]).messages(2_500) != first)
    }

    @Test(arguments: [("syslog", "rfc5424"), ("access", "combined"), ("json", "json"), ("plain", "plain")])
    func `every shape is what its format refuses nothing of`(_ shape: String, _ format: String) throws {
        let session = try session([
            ("shape", .text(shape)), ("format", .text(format)), ("count", .text("50")), ("strict", .text("true")),
        ])
        #expect(session.messages(50).count == 50)
        #expect(session.counter(.refusedFrames) == 0)
    }

    @Test func `own lines take turns`() throws {
        let session = try session([("lines", .texts(["a {number}", "b {number}"])), ("count", .text("4"))])
        #expect(session.messages(4) == ["a 0", "b 1", "a 2", "b 3"])
    }

    @Test func `it goes on behind the saved position`() throws {
        let options: [(key: String, value: OptionValues.Value)] = [("lines", .texts(["{number}"]))]
        let first = try session(options + [("count", .text("3"))])
        #expect(first.messages(3) == ["0", "1", "2"])
        #expect(try session(options + [("count", .text("5"))], after: first).messages(2) == ["3", "4"])
    }

    @Test func `lines are due at their rate`() {
        let pace = Pace(rate: 4, startNs: 1_000)
        #expect(pace.due(1_000) == 1)
        #expect(pace.due(1_000 + 249_999_999) == 1)
        #expect(pace.due(1_000 + 250_000_000) == 2)
        #expect(pace.due(1_000 + 10_000_000_000) == 41)
        #expect(pace.time(of: 0) == 1_000)
        #expect(pace.time(of: 41) == 1_000 + 10_250_000_000)
        #expect(Pace(rate: 0, startNs: 0).due(5) == nil)
    }

    @Test func `an unknown value is refused with a suggestion, other braces are text`() throws {
        let fault = #expect(throws: ConfigError.self) { try LineTemplate("{hots}") }
        #expect(fault?.message.contains("did you mean `host`?") == true)
        var bytes: [UInt8] = []
        try LineTemplate("{\"a\":{}} {number}").append(number: 5, seed: 1, now: 0, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "{\"a\":{}} 5")
    }

    @Test func `times are UTC`() throws {
        var bytes: [UInt8] = []
        try LineTemplate("{time} {access_time}").append(number: 0, seed: 1, now: 1_700_000_000_123_456_789, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "2023-11-14T22:13:20.123456Z 14/Nov/2023:22:13:20 +0000")
    }

    @Test func `shape and lines exclude each other`() {
        #expect(throws: ConfigError.self) { try makeInput("generate", [("shape", .text("json")), ("lines", .text("x"))]) }
    }
}
