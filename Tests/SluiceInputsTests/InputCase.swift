import CSluice
import Foundation
import SluiceConfig
import SluiceEvent
import SluiceInputs

/// A folder of files and an input that reads them.
class InputCase {
    let folder = TemporaryFolder()
    private(set) var running: RunningInput?

    var session: TestSession { running!.session }

    /// What `message` of an event is.
    static let message: @Sendable (borrowing EventBatch, UnsafeMutablePointer<sl_event>) -> String = {
        TestSession.field("message", $1, $0)
    }

    /// Starts an input of a kind with `values`, of which `options` replace some.
    func start(
        _ kind: String, _ values: [(key: String, value: OptionValues.Value)], _ options: [(key: String, value: OptionValues.Value)],
        after other: TestSession?, isRecovering: Bool,
        text: @escaping @Sendable (borrowing EventBatch, UnsafeMutablePointer<sl_event>) -> String
    ) throws -> TestSession {
        var values = values
        for option in options {
            values.removeAll { $0.key == option.key }
            values.append(option)
        }
        let input = try makeInput(kind, values, folder: folder.path)
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
}
