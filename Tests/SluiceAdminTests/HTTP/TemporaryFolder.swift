import Foundation

/// A fresh folder with a short path, removed at the end.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = "/tmp/sluice-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}
