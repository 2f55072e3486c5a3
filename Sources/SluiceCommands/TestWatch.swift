import ArgumentParser
import Glibc
import SluiceRules

/// `sluice test --watch`: runs everything once, then what depends on a changed file, until interrupted.
///
/// Folders are watched and not files, because editors put new files in the place of old ones. Changes are gathered until none
/// has come for a moment.
struct TestWatch {
    /// Milliseconds without a change after which tests run.
    private static let settleMilliseconds: Int32 = 100

    private let options: TestCommand
    private let memory: TestMemory
    private let pass: (Set<String>?) throws -> TestReport

    init(_ options: TestCommand, _ memory: TestMemory, pass: @escaping (Set<String>?) throws -> TestReport) {
        self.options = options
        self.memory = memory
        self.pass = pass
    }

    func run() throws {
        let stop = StopSignal()
        let notifier = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard notifier >= 0 else {
            throw Terminal.fail("cannot watch files: \(String(cString: strerror(errno)))", .internalError)
        }
        defer { close(notifier) }
        // Before the first pass: what changes while tests run is seen afterwards.
        var folders = watchFolders(notifier)
        _ = try pass(nil)
        while true {
            folders.merge(watchFolders(notifier)) { $1 }
            Terminal.say("watching \(folders.count) folder\(folders.count == 1 ? "" : "s"); interrupt to end")
            guard let changed = changes(notifier, folders, stop) else { break }
            if options.format == .text { Terminal.out("\n" + String(repeating: "-", count: 60)) }
            if let config = options.config, changed.contains(config) { memory.forget() }
            // What is said to be wrong with a file in the making ends the pass and not the watch.
            do { _ = try pass(changed) } catch is ExitCode {}
        }
        if memory.hasFailures { throw ExitCode(Status.refused.rawValue) }
    }

    private func watchFolders(_ notifier: Int32) -> [Int32: String] {
        var folders: [Int32: String] = [:]
        for folder in self.folders {
            let events = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
            let watch = inotify_add_watch(notifier, folder, events)
            if watch >= 0 { folders[watch] = folder }
        }
        return folders
    }

    private var folders: Set<String> {
        var folders: Set<String> = []
        for path in options.paths.isEmpty ? [options.config.map(TestPlan.folder) ?? "."] : options.paths {
            folders.formUnion(TestPlan.folders(below: path))
        }
        return folders
    }

    /// Whether tests may come out differently for a change of this file: reports, backups and the like say nothing.
    private func matters(_ path: String) -> Bool {
        if path == options.junit || path == options.coverage { return false }
        if path == options.config || memory.knows(path) { return true }
        let parts = path.split(separator: "/")
        guard let name = parts.last, !name.hasPrefix("."), !name.hasPrefix("#"), !name.hasSuffix("~") else { return false }
        return name.hasSuffix(".lua") || parts.contains("cases")
    }

    /// Paths that changed; nil when a signal came.
    private func changes(_ notifier: Int32, _ folders: [Int32: String], _ stop: StopSignal) -> Set<String>? {
        var changed: Set<String> = []
        while true {
            var descriptors = [
                pollfd(fd: notifier, events: Int16(POLLIN), revents: 0), pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&descriptors, 2, changed.isEmpty ? -1 : Self.settleMilliseconds)
            if ready < 0, errno == EINTR { continue }
            if descriptors[1].revents != 0 || ready < 0 { return nil }
            if ready == 0 { return changed }
            changed.formUnion(read(notifier, folders).filter(matters))
        }
    }

    private func read(_ notifier: Int32, _ folders: [Int32: String]) -> [String] {
        let capacity = 64 << 10
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
        defer { buffer.deallocate() }
        var paths: [String] = []
        let count = Glibc.read(notifier, buffer, capacity)
        var at = 0
        while at + MemoryLayout<inotify_event>.size <= count {
            // SAFETY: the kernel writes whole records, each with `len` bytes of name behind it that end with a zero.
            let event = buffer.load(fromByteOffset: at, as: inotify_event.self)
            let name = buffer.advanced(by: at + MemoryLayout<inotify_event>.size).assumingMemoryBound(to: CChar.self)
            if event.len > 0, let folder = folders[event.wd] { paths.append(TestPlan.join(folder, String(cString: name))) }
            at += MemoryLayout<inotify_event>.size + Int(event.len)
        }
        return paths
    }
}
