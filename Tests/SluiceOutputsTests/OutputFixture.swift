import CSluice
import Foundation
import Logging
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceOutputs
import Synchronization

/// A clock that a test moves.
final class ManualClock: Sendable {
    private let time: Mutex<Int64>

    /// 2026-01-09T22:33:20Z.
    init(_ seconds: Int64 = 1_767_998_000) { time = Mutex(seconds * 1_000_000_000) }

    var now: Int64 { time.withLock { $0 } }

    func advance(seconds: Int64) { time.withLock { $0 += seconds * 1_000_000_000 } }
}

/// A fresh folder that goes away with its owner, and outputs that write in it.
final class OutputFolder: Sendable {
    let path: String
    let clock = ManualClock()
    let stop = StopFlag()

    init() {
        path = NSTemporaryDirectory() + "sluice-outputs-" + UUID().uuidString
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var context: OutputContext {
        OutputContext(name: "main", stop: stop, now: { [clock] in clock.now }, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func setting(header: String = "") -> OutputSetting {
        OutputSetting(name: "main", folder: path, zone: nil, header: Array(header.utf8), inputs: [])
    }

    /// A checked configuration.
    func plan(_ kind: String, _ options: [(String, OptionValues.Value)], header: String = "") throws(ConfigError) -> any OutputPlan {
        let entry = OutputCatalogue.entries.first { $0.kind == kind }!
        let values = try OptionValues(options.map { (key: $0.0, value: $0.1) }, of: entry.options, component: "output `main`")
        return try entry.make(values, setting(header: header))
    }

    /// A file output.
    func file(
        _ path: String, _ options: [(String, OptionValues.Value)] = [], header: String = "", system: any FileSystem = LinuxFileSystem()
    ) throws(ConfigError) -> FileOutput {
        let plan = try plan("file", [("path", .text(path))] + options, header: header)
        return (plan as! FileOutputPlan).makeOutput(context, system: system)
    }

    /// The error of a configuration that is refused.
    func refusal(_ path: String, _ options: [(String, OptionValues.Value)] = []) -> String? {
        do throws(ConfigError) {
            _ = try file(path, options)
            return nil
        } catch {
            return error.message
        }
    }

    func write(_ name: String, _ text: String) { try! Data(text.utf8).write(to: URL(filePath: path + "/" + name)) }

    func text(_ name: String) -> String? {
        FileManager.default.contents(atPath: path + "/" + name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Paths of all regular files below the folder, sorted.
    func files() -> [String] {
        let all = FileManager.default.subpaths(atPath: path) ?? []
        return all.filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder) && !isFolder.boolValue
        }.sorted()
    }

    func mode(_ name: String) -> Int? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/" + name)
        return (attributes?[.posixPermissions] as? NSNumber)?.intValue
    }

    /// What a program writes to its standard output, and how it ends.
    func run(_ program: String, _ arguments: String...) -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = URL(filePath: path)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try! process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }
}

/// The options of `rotate`.
func rotate(_ options: (String, String)...) -> (String, OptionValues.Value) {
    let entry = OutputCatalogue.entries.first { $0.kind == "file" }!
    guard case .group(let specs) = entry.options.first(where: { $0.key == "rotate" })!.kind else { preconditionFailure() }
    let pairs = options.map { (key: $0.0, value: OptionValues.Value.text($0.1)) }
    return ("rotate", .group(try! OptionValues(pairs, of: specs, component: "`rotate`")))
}

/// A parcel of texts for paths.
func parcel(_ parts: (path: String?, text: String)...) -> Parcel { parcel(parts) }

/// A parcel of texts for paths.
func parcel(_ parts: [(path: String?, text: String)]) -> Parcel {
    let parcel = Parcel(delivery: nil)
    for part in parts {
        let bytes = Array(part.text.utf8)
        sl_buffer_append(parcel.bytes, bytes, bytes.count)
        parcel.parts.append(.init(path: part.path, length: bytes.count, events: 1))
    }
    return parcel
}

/// A parcel of one text for a fixed path.
func parcel(_ text: String) -> Parcel { parcel((nil, text)) }

/// The error of a call, nil when there was none.
func errorOf(_ body: () throws(OutputError) -> Void) -> OutputError? {
    do throws(OutputError) {
        try body()
        return nil
    } catch {
        return error
    }
}

extension Output {
    /// The value of a counter.
    func counter(_ name: String) -> Int? { counters.first { $0.name == name }?.value }
}
