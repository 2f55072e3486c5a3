package import Foundation
import Glibc

/// One run of a program in a fresh copy of a folder: its exit status and everything that it wrote.
package struct ProgramRun: Sendable {
    /// A standard stream of a process.
    package enum Stream: String, Sendable { case stdin, stdout, stderr }

    /// Exit status; 128 and the signal's number when a signal ended it.
    package let status: Int32
    /// `stdout` and `stderr` unless empty, and by path each file in the folder that is new or changed.
    package let files: [String: Data]

    /// Runs `program` with `arguments` as a shell reads them.
    ///
    /// Hidden files, what was promised (`expected…`) and what an earlier run left below `out/` are not copied. `terminals`
    /// are the streams that are a pseudo-terminal; the others are files and, without `stdin`, nothing.
    package init(
        _ program: URL, _ arguments: String, in folder: URL, stdin: URL? = nil, terminals: Set<Stream> = [],
        environment: [String: String] = [:]
    ) throws {
        let place = FileManager.default.temporaryDirectory.appending(path: "sluice-run-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: place) }
        let copy = place.appending(path: folder.lastPathComponent, directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
        for item in try GoldenFiles.contents(of: folder) where !item.lastPathComponent.hasPrefix("expected") {
            let target = copy.appending(path: item.lastPathComponent)
            if item.lastPathComponent == "out" {
                try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            } else {
                try FileManager.default.copyItem(at: item, to: target)
            }
        }
        let before = try GoldenFiles.read(copy)

        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "exec \"$0\" \(arguments)", program.path]
        process.currentDirectoryURL = copy
        process.environment = ["LC_ALL": "C", "PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        let terminal = terminals.isEmpty ? nil : PseudoTerminal()
        func stream(_ name: Stream) throws -> FileHandle {
            if let terminal, terminals.contains(name) { return terminal.programSide }
            if name == .stdin { return try stdin.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice }
            let file = place.appending(path: name.rawValue)
            try Data().write(to: file)
            return try FileHandle(forWritingTo: file)
        }
        process.standardInput = try stream(.stdin)
        process.standardOutput = try stream(.stdout)
        process.standardError = try stream(.stderr)
        try process.run()
        let shown = terminal?.readToEnd() ?? Data()
        process.waitUntilExit()

        var files = try GoldenFiles.read(copy).filter { before[$0.key] != $0.value }
        for name in [Stream.stdout, .stderr] {
            let bytes = terminals.contains(name) ? shown : try Data(contentsOf: place.appending(path: name.rawValue))
            if !bytes.isEmpty { files[name.rawValue] = bytes }
        }
        self.files = files
        status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    }

    /// The program of that name beside the test bundle.
    package static func program(named name: String) -> URL {
        Bundle.main.executableURL!.deletingLastPathComponent().appending(path: name)
    }
}

/// A terminal at which nobody sits: whoever reads from it finds the end of input at once.
private final class PseudoTerminal {
    /// What the program gets as a standard stream.
    var programSide: FileHandle { FileHandle(fileDescriptor: descriptor, closeOnDealloc: false) }
    private let descriptor: Int32
    private let ourSide: Int32

    init() {
        var (ours, theirs): (Int32, Int32) = (-1, -1)
        precondition(openpty(&ours, &theirs, nil, nil, nil) == 0, "there is no pseudo-terminal to open")
        (ourSide, descriptor) = (ours, theirs)
        // No child may inherit them: only the end of every copy ends the reading.
        for end in [ours, theirs] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // Neither echo nor CR before LF: what comes out is what the program wrote.
        var settings = termios()
        tcgetattr(descriptor, &settings)
        settings.c_lflag &= ~tcflag_t(ECHO | ECHOCTL)
        settings.c_oflag &= ~tcflag_t(OPOST)
        tcsetattr(descriptor, TCSANOW, &settings)
        var endOfInput: UInt8 = 4
        _ = write(ourSide, &endOfInput, 1)
    }

    deinit { close(ourSide) }

    /// What was written until the last process closed its side.
    func readToEnd() -> Data {
        close(descriptor)
        var shown = Data()
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(ourSide, &buffer, buffer.count)
            if count > 0 {
                shown.append(contentsOf: buffer[..<count])
            } else if count == 0 || errno != EINTR {
                // EIO: nobody holds the other side any more.
                return shown
            }
        }
    }
}
