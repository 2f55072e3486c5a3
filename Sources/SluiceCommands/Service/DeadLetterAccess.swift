import ArgumentParser
import Glibc
import SluiceAdmin
import SluiceEngine
import SluiceStore

/// How the verbs reach dead letters: to look, in the database itself, whether the service runs or not; to act, through the service,
/// which has the database to itself while it runs.
enum DeadLetterAccess {
    /// A full store takes its time.
    private static let secondsMax: Int64 = 600

    /// Reads the database of a data directory.
    static func reading(_ folder: String, _ body: (StoreReader) throws(StoreError) -> Void) throws {
        do throws(StoreError) {
            try body(try StoreReader(folder: folder))
        } catch {
            throw failure(error)
        }
    }

    /// Has the service send dead letters through its rules.
    static func redrive(_ link: ServiceLink, _ selection: DeadLetterSelection, _ format: ReportFormat) throws {
        switch try ask(link, "redrive", selection, format) {
        case .success(let answer): try finish(answer, format)
        case .failure(let error): throw Terminal.fail(error)
        }
    }

    /// Has the service remove dead letters; when there is none, removes them itself.
    static func purge(_ link: ServiceLink, _ selection: DeadLetterSelection, _ format: ReportFormat) throws {
        switch try ask(link, "purge", selection, format) {
        case .success(let answer): try finish(answer, format)
        case .failure(let error) where error.code == .notRunning:
            let report = try purgeHere(try link.glance().dataFolder, selection)
            Terminal.out(format == .json ? report.json(verb: "purged") : String(report.text(verb: "purged").dropLast()))
            if !report.unknown.isEmpty { throw ExitCode(Status.refused.rawValue) }
        case .failure(let error): throw Terminal.fail(error)
        }
    }

    private static func ask(
        _ link: ServiceLink, _ verb: String, _ selection: DeadLetterSelection, _ format: ReportFormat
    ) throws -> Result<ControlClient.Answer, AdminError> {
        var query = format == .text ? ["format=text"] : []
        var body = ""
        switch selection {
        case .ids(let ids): body = ids.map { "\($0)\n" }.joined()
        case .before(let time): query.append("before=\(time)")
        case .all: query.append("all")
        }
        let target = "/dead-letters/\(verb)" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        return try link.ask("POST", target, body: body, secondsMax: secondsMax)
    }

    private static func finish(_ answer: ControlClient.Answer, _ format: ReportFormat) throws {
        answer.report(format, accepted: [200, 404])
        try answer.check()
    }

    private static func purgeHere(_ folder: String, _ selection: DeadLetterSelection) throws -> DeadLetterReport {
        do throws(StoreError) {
            // A reader makes no folder and no database where there is none.
            _ = try StoreReader(folder: folder)
            let store = try Store(folder: folder, for: .maintenance)
            var report = DeadLetterReport(count: 0)
            switch selection {
            case .ids(let ids):
                for id in ids where try store.letter(id) == nil { report.unknown.append(id) }
                report.count = try store.removeLetters(ids).count
            case .before(let time): report.count = try store.purgeLetters(before: time).count
            case .all: report.count = try store.purgeLetters().count
            }
            try store.close()
            return report
        } catch {
            throw failure(error)
        }
    }

    private static func failure(_ error: StoreError) -> any Error {
        Terminal.fail(error.message, Status(rawValue: error.exitStatus) ?? .internalError)
    }
}

extension Terminal {
    /// Ends the verb because the service cannot be asked.
    static func fail(_ error: AdminError) -> any Error {
        fail(error.message, Status(rawValue: error.exitStatus) ?? .internalError)
    }
}
