import Foundation
import Glibc
import Logging
import SluiceComponent
import SluiceConfig
import SluiceOutputs
import Synchronization
import Testing

@Suite struct ExecOutputTests {
    private let folder = OutputFolder()

    init() { signal(SIGPIPE, SIG_IGN) }

    private func exec(_ script: String, _ options: [(String, OptionValues.Value)] = [], header: String = "") throws -> any Output {
        try folder.plan("exec", [("command", .texts(["/bin/sh", "-c", script]))] + options, header: header).makeOutput(folder.context)
    }

    @Test func `the program gets the header and the records in order, in the configuration's folder`() throws {
        let output = try exec("cat > got", header: "h\n")
        try output.write(parcel("1\n"))
        try output.write(parcel((nil, "2\n"), (nil, "3\n")))
        try output.commit()
        try output.close()
        #expect(folder.text("got") == "h\n1\n2\n3\n")
        #expect(output.counter("program_starts") == 1)
    }

    @Test func `a program that ends while it is written to is started again and gets the parcel whole`() throws {
        let output = try exec("cat > got")
        let big = String(repeating: "0123456789\n", count: 100_000)
        let failing = try folder.plan(
            "exec", [("command", .texts(["/bin/sh", "-c", "head -c 10 >> heads; exit 3"])), ("restart_delay", .text("1ms"))]
        ).makeOutput(folder.context)
        let parcel = parcel((nil, "first\n"), (nil, big))
        let error = errorOf { () throws(OutputError) in try failing.write(parcel) }
        #expect(
            error?.message
                == "`/bin/sh` ended with exit status 3 while it was needed; what it was being given is written again to the next one")
        #expect(error?.isPermanent == false)
        #expect(parcel.partsWritten == 0 && parcel.partBytesWritten == 0)
        try output.write(parcel)
        try output.close()
        #expect(folder.text("got") == "first\n" + big)
    }

    @Test func `a program that ended is not started again before its delay`() throws {
        let output = try exec("exit 1", [("restart_delay", .text("60s"))])
        let big = String(repeating: "x", count: 1 << 20)
        _ = errorOf { () throws(OutputError) in try output.write(parcel(big)) }
        let error = errorOf { () throws(OutputError) in try output.write(parcel(big)) }
        #expect(error?.message == "`/bin/sh` is not running; it is started again in 60 s")
    }

    @Test func `a program that does not exist is an error with its name`() throws {
        let output = try folder.plan("exec", [("command", .texts(["./nothing"]))]).makeOutput(folder.context)
        let error = errorOf { () throws(OutputError) in try output.write(parcel("1\n")) }
        #expect(error?.message == "cannot start `\(folder.path)/./nothing`: No such file or directory")
        #expect(error?.code == .cannotCreate)
    }

    @Test func `a program that does not end by itself gets TERM, and KILL when it does not listen`() throws {
        let polite = try exec("trap 'echo term > got; exit 0' TERM; while :; do read x || :; done", [("grace", .text("50ms"))])
        try polite.write(parcel("1\n"))
        try polite.close()
        let deaf = try exec("trap '' TERM; while :; do :; done", [("grace", .text("50ms"))])
        try deaf.write(parcel("1\n"))
        try deaf.close()
        #expect(deaf.counter("program_running") == 0)
    }

    @Test func `stop ends a write that the program does not read`() throws {
        let shared = UncheckedParcel(parcel(String(repeating: "x", count: 4 << 20)))
        let code = Mutex<OutputError.Code?>(nil)
        let folder = folder
        let plan = try folder.plan(
            "exec", [("command", .texts(["/bin/sh", "-c", "echo here >&2; exec sleep 1000"])), ("grace", .text("20ms"))])
        let seen = LogRecorder()
        let context = OutputContext(name: "main", stop: folder.stop, now: { 0 }, log: Logger(label: "test") { _ in seen })
        withThread {
            let output = plan.makeOutput(context)
            let error = errorOf { () throws(OutputError) in try output.write(shared.parcel) }
            code.withLock { $0 = error?.code }
            _ = errorOf { () throws(OutputError) in try output.close() }
        } meanwhile: {
            #expect(seen.waitForFirst() == "output `main`: `/bin/sh`: here")
            folder.stop.set()
        }
        #expect(code.withLock { $0 } == .stopped)
    }

    @Test func `a command is needed`() {
        do throws(ConfigError) {
            _ = try folder.plan("exec", [("command", .texts([]))])
            Issue.record("was accepted")
        } catch {
            #expect(error.message == "`command` of output `main` names no program; write one such as `[/usr/local/bin/ingest, --stdin]`")
        }
    }
}

/// Keeps the texts of a log.
struct LogRecorder: LogHandler {
    private let texts = Shared()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    private final class Shared: Sendable {
        let monitor = Monitor<[String]>([])
    }

    /// The first text that was logged.
    func waitForFirst() -> String { texts.monitor.wait { $0.first } ?? "" }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { texts.monitor.notify { $0.append("\(event.message)") } }
}
