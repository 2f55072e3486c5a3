import SluiceComponent
import CSluice
import Foundation
import SluiceEvent
import SluiceInputs
import SluiceTestKit

/// A fresh folder that goes away with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "sluice-inputs-" + UUID().uuidString
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and answers its path.
    func file(_ name: String, _ bytes: [UInt8]) -> String {
        let path = self.path + "/" + name
        precondition(FileManager.default.createFile(atPath: path, contents: Data(bytes)))
        return path
    }

    func file(_ name: String, _ text: String) -> String { file(name, Array(text.utf8)) }

    /// Writes a program and answers its path.
    ///
    /// A child that another test's thread starts in this moment holds the file open for writing until it is another program, and the
    /// system runs no file that somebody writes. A lease on reading is given when nobody does (fcntl(2)).
    func program(_ name: String, _ text: String) -> String {
        let path = file(name, text)
        chmod(path, 0o755)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        let setLease: Int32 = 1_024
        precondition(eventually { fcntl(descriptor, setLease, F_RDLCK) == 0 || errno != EAGAIN }, "\(path) is written all the time")
        return path
    }

    /// What a program writes to its standard output.
    func output(of program: String, _ arguments: [String]) -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try! process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        precondition(process.terminationStatus == 0, "\(program) failed")
        return Array(bytes)
    }

    func gzip(_ text: String) -> [UInt8] { output(of: "gzip", ["-c", "-n", file(UUID().uuidString, text)]) }
}

/// A pipe whose ends are closed with it.
final class TestPipe {
    let reading: Int32
    private var writing: Int32

    init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        closeWriting()
    }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        precondition(Foundation.write(writing, bytes, bytes.count) == bytes.count)
    }

    func closeWriting() {
        if writing >= 0 { close(writing) }
        writing = -1
    }
}

/// Everything that a reader gives up to its end or fault.
func readAll(_ reader: inout FileReader) -> (bytes: [UInt8], error: InputError?) {
    let batch = EventBatch()
    while true {
        do throws(InputError) {
            switch try reader.read(into: batch) {
            case .bytes, .restarted: continue
            case .idle: _ = reader.wait()
            case .ended: return (bytes(of: batch), nil)
            }
        } catch {
            return (bytes(of: batch), error)
        }
    }
}

/// The whole arena.
func bytes(of batch: borrowing EventBatch) -> [UInt8] {
    batch.byteCount == 0 ? [] : Array(batch.bytes(.init(offset: 0, length: UInt32(batch.byteCount))))
}

/// The error of opening a path.
func errorOfOpening(_ path: String) -> InputError? {
    do throws(InputError) {
        _ = try FileReader(path: path)
        return nil
    } catch {
        return error
    }
}
