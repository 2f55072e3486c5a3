import Foundation

/// A fresh folder with a short path, for sockets, that goes away with its owner.
final class NetworkFolder: Sendable {
    let path: String

    init() {
        path = "/tmp/sluice-net-" + UUID().uuidString.prefix(8)
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Runs `openssl` in the folder.
    func openssl(_ arguments: String...) { openssl(arguments) }

    /// Runs `openssl` in the folder.
    func openssl(_ arguments: [String]) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try! process.run()
        process.waitUntilExit()
        precondition(process.terminationStatus == 0, "openssl \(arguments.joined(separator: " ")) failed")
    }

    /// Writes a file.
    func write(_ name: String, _ text: String) {
        precondition(FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data(text.utf8)))
    }

    func read(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data(), as: UTF8.self)
    }

    func move(_ name: String, to other: String) { precondition(rename("\(path)/\(name)", "\(path)/\(other)") == 0) }

    func exists(_ name: String) -> Bool {
        var found = stat()
        return lstat("\(path)/\(name)", &found) == 0
    }

    /// Permissions of a file.
    func mode(_ name: String) -> UInt32 {
        var found = stat()
        lstat("\(path)/\(name)", &found)
        return found.st_mode & 0o777
    }
}
