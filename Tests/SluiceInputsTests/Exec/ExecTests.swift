import SluiceEvent
import CSluice
import Foundation
import SluiceComponent
import SluiceConfig
import SluiceTestKit
import Testing

@testable import SluiceInputs

@Suite struct ExecTests {
    let folder = TemporaryFolder()

    func start(
        _ command: [String], _ options: [(key: String, value: OptionValues.Value)] = []
    ) throws -> (session: TestSession, running: RunningInput) {
        let values: [(key: String, value: OptionValues.Value)] = [("command", .texts(command)), ("format", .text("plain"))]
        let session = TestSession()
        return (session, RunningInput(try makeInput("exec", values + options, folder: folder.path), session))
    }

    @Test func `what a program writes comes, its last line without an end too`() throws {
        let (session, running) = try start(["printf", "one\\ntwo"], [("restart", .text("never"))])
        #expect(session.messages(2) == ["one", "two"])
        _ = session.wait(for: "the end") { $0.isEnded ? true : nil }
        running.stop()
        #expect(session.state.withLock { $0.error } == nil)
    }

    @Test func `it runs in the configuration's folder with its environment and no input`() throws {
        let (session, running) = try start(
            ["sh", "-c", "pwd; echo $COLOUR; cat; echo done"],
            [("restart", .text("never")), ("environment", .text("COLOUR=blue"))])
        let real = folder.path.hasPrefix("/") ? URL(filePath: folder.path).resolvingSymlinksInPath().path : folder.path
        #expect(session.messages(3) == [real, "blue", "done"])
        running.stop()
    }

    @Test func `it has nothing of ours that is open`() throws {
        // As some libraries open sockets: a connection would not end before the program does.
        let inherited = dup(0)
        defer { close(inherited) }
        #expect(fcntl(inherited, F_GETFD) & FD_CLOEXEC == 0)
        let (session, running) = try start(
            ["sh", "-c", "test -e /proc/self/fd/\(inherited) && echo open; echo done"], [("restart", .text("never"))])
        #expect(session.messages(1) == ["done"])
        running.stop()
    }

    @Test func `a program that ended is started again`() throws {
        let (session, running) = try start(["echo", "again"], [("restart_initial", .text("1ms"))])
        #expect(session.messages(3) == ["again", "again", "again"])
        running.stop()
        #expect(session.counter(.opened) >= 3)
    }

    @Test func `what is logged names the input and the program, and says times as people do`() throws {
        let (session, running) = try start(["sh", "-c", "echo line; echo oops >&2; exit 3"], [("restart_initial", .text("1m"))])
        _ = session.messages(1)
        #expect(eventually { session.logged.all.count >= 4 })
        running.stop()
        let lines = session.logged.all
        #expect(lines.first?.hasPrefix("info: input `test`: `sh` runs as process ") == true)
        #expect(
            lines.dropFirst().sorted() == [
                "info: input `test`: `sh` is started again in 1m", "warning: input `test`: `sh` exited with status 3",
                "warning: input `test`: `sh` says: oops",
            ])
    }

    @Test func `a program that cannot be started is an error that names it`() throws {
        let (session, running) = try start(["/no/such/program"], [("restart", .text("never"))])
        let error = session.wait(for: "an error") { $0.error }
        running.stop()
        #expect(error == InputError(.missing, "cannot start `/no/such/program`: No such file or directory"))
    }

    @Test func `a stop ends the program and what it started`() throws {
        let (session, running) = try start(["sh", "-c", "sleep 1000 & echo $!; wait"])
        let id = try #require(pid_t(session.messages(1).first ?? ""))
        let descriptor = sl_process_descriptor(id)
        defer { close(descriptor) }
        running.stop()
        // Readable when the process has ended.
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&entry, 1, 30_000) == 1)
    }

    @Test func `a program that ignores SIGTERM is killed`() throws {
        let (session, running) = try start(
            ["sh", "-c", "trap '' TERM; echo $$; while :; do sleep 1000; done"], [("kill_after", .text("1ms"))])
        let id = try #require(pid_t(session.messages(1).first ?? ""))
        running.stop()
        #expect(kill(id, 0) != 0)
    }

    @Test func `pauses double up to their longest and begin anew after a long run`() {
        var policy = RestartPolicy(rule: .always, initialNs: 10, maxNs: 35)
        #expect((0..<4).map { _ in policy.ended(wasFailure: false, ranNs: 1) } == [10, 20, 35, 35])
        #expect(policy.ended(wasFailure: true, ranNs: 35) == 10)
        #expect(policy.ended(wasFailure: true, ranNs: 1) == 20)
    }

    @Test func `a restart happens after the ends that were asked for`() {
        var failure = RestartPolicy(rule: .onFailure, initialNs: 10, maxNs: 10)
        #expect(failure.ended(wasFailure: false, ranNs: 1) == nil)
        #expect(failure.ended(wasFailure: true, ranNs: 1) == 10)
        var never = RestartPolicy(rule: .never, initialNs: 10, maxNs: 10)
        #expect(never.ended(wasFailure: true, ranNs: 1) == nil)
    }

    @Test func `lines for the log are bounded and what is left out is counted`() {
        var rate = LineRate(linesMax: 2, now: 0)
        let taken = [0, 1, 2, 3, 1_000_000_000, 1_000_000_001].map { rate.take(now: $0) }
        #expect(taken.map(\.isShown) == [true, true, false, false, true, true])
        #expect(taken.map(\.hidden) == [0, 0, 0, 0, 2, 0])
    }

    @Test(arguments: [[], ["ls -l"], [""]]) func `a command that is none is refused`(_ command: [String]) {
        #expect(throws: ConfigError.self) { try makeInput("exec", [("command", .texts(command))]) }
    }
}
