import CSluice
import Foundation
import SluiceConfig
import SluiceEvent

/// A folder of files and a file input on it.
final class FileCase: InputCase {
    /// Starts the input on `*.log` in the folder, or as `options` say.
    @discardableResult
    func start(
        _ options: [(key: String, value: OptionValues.Value)] = [], after other: TestSession? = nil, isRecovering: Bool = false,
        text: @escaping @Sendable (borrowing EventBatch, UnsafeMutablePointer<sl_event>) -> String = InputCase.message
    ) throws -> TestSession {
        try start(
            "file", [("include", .text("*.log")), ("format", .text("plain"))], options, after: other, isRecovering: isRecovering, text: text
        )
    }

    func makeFolder(_ name: String) {
        try! FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
    }
}
