import Foundation
import GoldenKit
import Logging
import SluiceAdmin
import SluiceStore
import Synchronization
import Testing

/// A service that answers as it was told, at a real control socket in a fresh folder.
private final class FakeService: ServiceControl {
    let folder: URL
    let asked = Mutex<[String]>([])
    private let verdict: ReloadVerdict
    private let report: DeadLetterReport
    private let server = Mutex<AdminServer?>(nil)

    init(verdict: ReloadVerdict = ReloadVerdict(.applied, generation: 2), report: DeadLetterReport = DeadLetterReport(count: 1)) throws {
        self.verdict = verdict
        self.report = report
        // Short: the path of a socket has room for 107 bytes.
        folder = URL(filePath: "/tmp/sluice-\(UUID().uuidString.prefix(8))", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        try Data("data_dir: .\n".utf8).write(to: folder.appending(path: "sluice.yaml"))
        let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let setting = AdminServer.Setting(controlPath: folder.appending(path: "control.sock").path)
        let started = try AdminServer(setting, routes: AdminRoute.standard(Unowned(self)), log: log)
        server.withLock { $0 = started }
    }

    deinit {
        server.withLock { $0?.stop() }
        try? FileManager.default.removeItem(at: folder)
    }

    /// Runs a verb against this service, from an empty folder.
    func run(_ arguments: String) throws -> (status: Int32, stdout: String, stderr: String) {
        let elsewhere = folder.appending(path: "elsewhere", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: elsewhere, withIntermediateDirectories: true)
        let run = try ProgramRun(
            ProgramRun.program(named: "sluice"), arguments, in: elsewhere,
            environment: ["SLUICE_CONFIG": folder.appending(path: "sluice.yaml").path])
        func text(_ name: String) -> String { String(decoding: run.files[name] ?? Data(), as: UTF8.self) }
        return (run.status, text("stdout"), text("stderr"))
    }

    var current: ServiceStatus {
        ServiceStatus(
            version: "0.1.0", processID: 7, startedAt: 0, now: 60_000_000_000, phase: .running, configuration: "sluice.yaml",
            dataFolder: ".", generation: .init(number: 2, loadedAt: 0))
    }

    func status() -> ServiceStatus { current }

    func reload(dryRun: Bool) -> ReloadVerdict {
        asked.withLock { $0.append(dryRun ? "dry run" : "reload") }
        return verdict
    }

    func redrive(_ selection: DeadLetterSelection) throws(ControlError) -> DeadLetterReport {
        asked.withLock { $0.append("redrive \(selection)") }
        return report
    }

    func purge(_ selection: DeadLetterSelection) throws(ControlError) -> DeadLetterReport {
        asked.withLock { $0.append("purge \(selection)") }
        return report
    }

    func reopen() {}
}

/// Lets a service be asked without being kept alive by its own server.
private final class Unowned: ServiceControl {
    private unowned let service: FakeService

    init(_ service: FakeService) { self.service = service }

    func status() -> ServiceStatus { service.status() }
    func reload(dryRun: Bool) -> ReloadVerdict { service.reload(dryRun: dryRun) }
    func redrive(_ selection: DeadLetterSelection) throws(ControlError) -> DeadLetterReport { try service.redrive(selection) }
    func purge(_ selection: DeadLetterSelection) throws(ControlError) -> DeadLetterReport { try service.purge(selection) }
    func reopen() { service.reopen() }
}

/// The verbs that talk to a running service, against a real socket.
@Suite struct ServiceVerbTests {
    @Test func `status prints what the service says`() throws {
        let service = try FakeService()
        #expect(try service.run("status") == (0, service.current.text(TextPaint(isColoured: false)), ""))
        #expect(try service.run("status --format json") == (0, service.current.json + "\n", ""))
    }

    @Test func `the exit status of reload is the verdict`() throws {
        let accepting = try FakeService()
        #expect(try accepting.run("reload") == (0, "applied: generation 2 runs, after 0 ms\n", ""))
        #expect(try accepting.run("reload --wait --dry-run --format json").status == 0)
        #expect(accepting.asked.withLock { $0 } == ["reload", "dry run"])
        var verdict = ReloadVerdict(.refused, generation: 1)
        verdict.problems = [.init(step: .compile, place: "route.lua:3", message: "broken", excerpt: [" 3 | x ="])]
        let refusing = try FakeService(verdict: verdict)
        #expect(
            try refusing.run("reload")
                == (1, "", "sluice: route.lua:3: broken\nsluice:  3 | x =\nsluice: refused: 1 problem; generation 1 goes on\n"))
        #expect(try refusing.run("reload --format json") == (1, verdict.json + "\n", ""))
    }

    @Test func `dead letters are redriven and purged by the service`() throws {
        let service = try FakeService(report: DeadLetterReport(count: 1, unknown: [9]))
        #expect(try service.run("dead-letters redrive 3 9") == (1, "no dead letter has the id 9\n1 dead letter redriven\n", ""))
        #expect(try service.run("dead-letters purge --all --format json") == (1, "{\"purged\":1,\"unknown\":[9]}\n", ""))
        #expect(service.asked.withLock { $0 } == ["redrive ids([3, 9])", "purge all"])
    }
}
