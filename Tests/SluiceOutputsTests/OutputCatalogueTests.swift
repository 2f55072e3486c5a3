import CSluice
import Foundation
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceOutputs
import Synchronization
import Testing

@Suite struct OutputCatalogueTests {
    @Test func `kinds are unique`() {
        let kinds = OutputCatalogue.entries.map(\.kind)
        #expect(Set(kinds).count == kinds.count)
    }

    @Test(arguments: OutputCatalogue.entries.map(\.kind)) func `a kind says what it promises and shows its use`(kind: String) {
        let entry = OutputCatalogue.entries.first { $0.kind == kind }!
        #expect(entry.promise.hasSuffix(".") && !entry.summary.hasSuffix("."))
        #expect(entry.example.hasPrefix("{ type: \(kind)") && entry.example.hasSuffix("}"))
        for option in entry.options { #expect(!option.summary.isEmpty && !option.example.isEmpty, "\(option.key)") }
    }
}

@Suite struct StreamOutputTests {
    private let folder = OutputFolder()

    init() { signal(SIGPIPE, SIG_IGN) }

    @Test func `standard output gets the header once and the records in order`() throws {
        let pipe = Pipe()
        let output = StdoutOutput(folder.context, header: Array("h\n".utf8), descriptor: pipe.fileHandleForWriting.fileDescriptor)
        try output.write(parcel((nil, "1\n"), (nil, "2\n")))
        try output.write(parcel("3\n"))
        try output.commit()
        try output.close()
        #expect(String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self) == "h\n1\n2\n3\n")
    }

    @Test func `a reader that went away is the end and no fault`() throws {
        let pipe = Pipe()
        let output = StdoutOutput(folder.context, header: [], descriptor: pipe.fileHandleForWriting.fileDescriptor)
        try pipe.fileHandleForReading.close()
        let error = errorOf { () throws(OutputError) in try output.write(parcel("1\n")) }
        #expect(error?.code == .closed)
    }

    @Test(arguments: [false, true]) func `stop ends a write that nobody reads, and what went out is remembered`(isSocket: Bool) throws {
        var ends: [Int32] = [0, 0]
        #expect((isSocket ? socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) : Glibc.pipe(&ends)) == 0)
        defer { for end in ends { close(end) } }
        let parcel = parcel(String(repeating: "x", count: 4 << 20))
        let folder = folder
        let error = Mutex<OutputError?>(nil)
        let descriptor = ends[1]
        let shared = UncheckedParcel(parcel)
        withThread {
            let output = StdoutOutput(folder.context, header: [], descriptor: descriptor)
            let caught = errorOf { () throws(OutputError) in try output.write(shared.parcel) }
            error.withLock { $0 = caught }
        } meanwhile: {
            // The writer has filled the pipe when there is as much in it as it takes.
            var room = [UInt8](repeating: 0, count: 1)
            #expect(read(ends[0], &room, 1) == 1)
            folder.stop.set()
        }
        #expect(error.withLock { $0 }?.code == .stopped)
        #expect(parcel.partBytesWritten > 0 && parcel.partsWritten == 0)
    }

    @Test func `a write goes on where it stopped`() throws {
        let parcel = parcel("0123456789\n")
        parcel.partBytesWritten = 4
        let pipe = Pipe()
        let output = StdoutOutput(folder.context, header: [], descriptor: pipe.fileHandleForWriting.fileDescriptor)
        try output.write(parcel)
        #expect(String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self) == "456789\n")
    }

    @Test func `discard takes everything`() throws {
        let output = try folder.plan("discard", []).makeOutput(folder.context)
        let parcel = parcel((nil, "1\n"), (nil, "22\n"))
        try output.write(parcel)
        #expect(parcel.partsWritten == 2 && output.counter("bytes_discarded") == 5)
    }
}

/// A parcel on its way to another thread, which is its only user until it has ended.
struct UncheckedParcel: @unchecked Sendable {
    // SAFETY: the test looks at it only after the thread's end.
    let parcel: Parcel

    init(_ parcel: Parcel) { self.parcel = parcel }
}

/// Runs `body` on a thread of its own while `meanwhile` runs, and waits for its end.
func withThread(_ body: @escaping @Sendable () -> Void, meanwhile: () throws -> Void) rethrows {
    let thread = WorkerThread("test", body)
    defer { thread.join() }
    try meanwhile()
}
