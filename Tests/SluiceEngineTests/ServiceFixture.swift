import Foundation
import Logging
import SluiceAdmin
import SluiceComponent
import SluiceConfig
import SluiceInputs
import SluiceOutputs
import Synchronization

@testable import SluiceEngine

/// A folder with a configuration and rules, and services on it.
final class ServiceFixture {
    let folder: URL
    /// Lines of the log: level and text.
    let log = ServiceLogLines()

    init(_ configuration: String, rules: [String: String] = [:]) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "sluice-service-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try write("sluice.yaml", configuration)
        for (name, text) in rules { try write(name, text) }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Saves a file.
    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: folder.appending(path: name), options: .atomic)
    }

    /// The text of a file; empty when there is none.
    func text(_ name: String) -> String { (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? "" }

    /// The configuration as it is on disk.
    func configuration() throws -> ServiceConfiguration { try ServiceConfiguration.load(folder.path + "/sluice.yaml") }

    var surroundings: Service.Surroundings {
        let log = log
        return Service.Surroundings(version: "test", log: Logger(label: "test") { _ in log }, ruleLog: { _ in })
    }

    /// A service that does not run yet.
    func service() throws -> Service {
        try Service(try ServiceStart(try configuration(), around: surroundings), around: surroundings)
    }

    /// A reloader for it.
    func reloader(_ service: Service) -> Reloader {
        let file = folder.path + "/sluice.yaml"
        return Reloader(service) {
            do throws(ConfigProblems) { return .success(try ServiceConfiguration.load(file)) } catch { return .failure(error) }
        }
    }
}

/// Keeps what is logged.
final class ServiceLogLines: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set { _ = newValue }
    }

    var metadata: Logger.Metadata {
        get { [:] }
        set { _ = newValue }
    }

    var logLevel: Logger.Level {
        get { .debug }
        set { _ = newValue }
    }

    func log(event: LogEvent) { lines.withLock { $0.append("\(event.level): \(event.message)") } }
}
