import CSluice
import Foundation
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceInputs
import Testing

/// A folder of files and a file input on it.
final class FileCase {
    let folder = TemporaryFolder()
    private(set) var running: RunningInput?

    var session: TestSession { running!.session }

    /// Starts the input on `*.log` in the folder, or as `options` say.
    @discardableResult
    func start(
        _ options: [(key: String, value: OptionValues.Value)] = [], after other: TestSession? = nil, isRecovering: Bool = false,
        text: @escaping @Sendable (borrowing EventBatch, UnsafeMutablePointer<sl_event>) -> String = {
            TestSession.field("message", $1, $0)
        }
    ) throws -> TestSession {
        var values: [(key: String, value: OptionValues.Value)] = [("include", .text("*.log")), ("format", .text("plain"))]
        for option in options {
            values.removeAll { $0.key == option.key }
            values.append(option)
        }
        let input = try makeInput("file", values, folder: folder.path)
        let session = TestSession(positions: other?.saved ?? [:], isRecovering: isRecovering, text: text)
        running = RunningInput(input, session)
        return session
    }

    /// Stops the input and answers its session.
    @discardableResult
    func stop() -> TestSession {
        running!.stop()
        return running!.session
    }

    func path(_ name: String) -> String { folder.path + "/" + name }

    @discardableResult
    func write(_ name: String, _ text: String) -> String { folder.file(name, text) }

    func append(_ name: String, _ text: String) {
        let handle = FileHandle(forWritingAtPath: path(name))!
        handle.seekToEndOfFile()
        handle.write(Data(text.utf8))
        handle.closeFile()
    }

    func move(_ name: String, _ other: String) { precondition(rename(path(name), path(other)) == 0) }

    func makeFolder(_ name: String) {
        try! FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
    }
}
