import CZlib
import Foundation
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceOutputs
import Testing

/// A file output whose n-th call of the system fails, for every n, once or for a while.
@Suite struct FileFaultTests {
    /// Options of an output and the form of its files.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let options: [(String, OptionValues.Value)]
        var ending = ""
        var header = ""
    }

    static let cases: [Case] = [
        Case(testDescription: "plain", options: []),
        Case(testDescription: "header and sync", options: [("sync", .text("batch"))], header: "h\n"),
        Case(testDescription: "rotation by time", options: [rotate(("max_size", "64B"))]),
        Case(testDescription: "rotation by number", options: [rotate(("max_size", "64B"), ("name", "number"))], header: "h\n"),
        Case(testDescription: "one file open", options: [("max_open_files", .text("1"))]),
        Case(testDescription: "atomic", options: [("atomic", .text("true")), ("max_open_files", .text("1"))]),
        Case(testDescription: "gzip", options: [("compression", .text("gzip")), ("max_open_files", .text("1"))], ending: ".gz"),
        Case(testDescription: "gzip, rotation", options: [("compression", .text("gzip")), rotate(("max_size", "64B"))], ending: ".gz"),
    ]

    @Test(arguments: cases) func `every record is in the files once and in order, whichever call fails`(testCase: Case) throws {
        let kinds: [(String, @Sendable (Int, Int) -> FailingFileSystem.Fate)] = [
            ("once", { call, n in call == n ? .fails(EIO) : .works }),
            ("interrupted", { call, n in call == n ? .fails(EINTR) : .works }),
            ("full", { call, n in call == n ? .takesHalf : call > n && call < n + 4 ? .fails(ENOSPC) : .works }),
            ("a while", { call, n in call >= n && call < n + 7 ? .fails(ENOSPC) : .works }),
        ]
        for (name, fate) in kinds {
            var n = 1
            while true {
                let number = n
                let folder = OutputFolder()
                let system = FailingFileSystem { fate($0, number) }
                let places = try run(testCase, folder, system)
                let place = "\(testCase), \(name), call \(n) of \(system.calls)"
                for (path, expected) in places {
                    let found = try records(path, testCase, folder)
                    #expect(found == expected, "\(place), \(path)")
                    if found != expected { return }
                }
                if system.calls < n { break }
                n += 1
            }
            #expect(n > 20)
        }
    }

    /// Writes some parcels as the program does: again after each error. Answers the records of each path in order.
    private func run(_ testCase: Case, _ folder: OutputFolder, _ system: FailingFileSystem) throws -> [String: [String]] {
        let output = try folder.file("logs/{h}.log" + testCase.ending, testCase.options, header: testCase.header, system: system)
        var expected: [String: [String]] = [:]
        for round in 0..<6 {
            var parts: [(path: String?, text: String)] = []
            for host in ["a", "b", "a"] {
                let text = "\(host) record \(round).\(parts.count)"
                parts.append(("logs/\(host).log" + testCase.ending, "\(text) first\n\(text) second\n"))
                expected[host, default: []] += ["\(text) first", "\(text) second"]
            }
            let parcel = parcel(parts)
            try again { () throws(OutputError) in try output.write(parcel) }
            try again { () throws(OutputError) in try output.commit() }
            folder.clock.advance(seconds: 1)
            if round == 3 { output.reopen() }
            try again { () throws(OutputError) in _ = try output.tend(now: folder.clock.now) }
        }
        try again { () throws(OutputError) in try output.commit() }
        // The end of the program does not wait for ever: what cannot be closed is completed by the next start.
        if errorOf({ () throws(OutputError) in try output.close() }) != nil {
            let next = try folder.file("logs/{h}.log" + testCase.ending, testCase.options, header: testCase.header)
            for host in ["a", "b"] { try next.write(parcel(("logs/\(host).log" + testCase.ending, "end\n"))) }
            try next.close()
            for host in ["a", "b"] { expected[host]! += ["end"] }
        }
        return expected
    }

    private func again(_ body: () throws(OutputError) -> Void) throws {
        for _ in 0..<40 {
            guard let error = errorOf(body) else { return }
            try #require(!error.isPermanent, "\(error.message)")
        }
        Issue.record("did not succeed within 40 tries")
    }

    /// The records of all files of a host, oldest file first, without headers.
    private func records(_ host: String, _ testCase: Case, _ folder: OutputFolder) throws -> [String] {
        let all = folder.files().filter { $0.hasPrefix("logs/\(host).log") }
        #expect(folder.files().allSatisfy { !$0.contains("sluice-part") && !$0.contains("set-aside") })
        let live = "logs/\(host).log" + testCase.ending
        var records: [String] = []
        for name in all.sorted(by: { order($0, live, testCase) < order($1, live, testCase) }) {
            var text = folder.text(name) ?? ""
            if testCase.ending == ".gz" {
                text = try #require(gunzip(folder.path + "/" + name), "\(name) is damaged")
            }
            if !testCase.header.isEmpty {
                #expect(text.hasPrefix(testCase.header))
                text.removeFirst(testCase.header.count)
            }
            #expect(text.isEmpty || text.hasSuffix("\n"))
            records += text.split(separator: "\n").map(String.init)
        }
        return records
    }

    /// A text that sorts files by age: of two in one second the one without number is older; the live file is the newest, unless a
    /// complete file takes its name only while that is free (`atomic`).
    private func order(_ name: String, _ live: String, _ testCase: Case) -> String {
        if name == live { return testCase.testDescription == "atomic" ? "0" : "9" }
        let marks = name.dropFirst("logs/a.log".count)
        if marks.hasPrefix("."), let number = Int(marks.dropFirst()) { return "5" + String(1_000 - number) }
        let parts = marks.split(separator: "Z")
        let number = parts.count > 1 ? Int(parts[1].split(separator: ".").first ?? "") ?? 0 : 0
        return "5\(parts[0])" + String(1_000 + number)
    }
}

/// The text of a gzip file; nil when it is damaged or has no end.
private func gunzip(_ path: String) -> String? {
    guard let bytes = FileManager.default.contents(atPath: path).map(Array.init) else { return nil }
    var stream = z_stream()
    var text: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 64 << 10)
    var isWhole = true
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    // SAFETY: zlib stays within both arrays, whose sizes it is given.
    let isSound = bytes.withUnsafeBufferPointer { input in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(input.count)
        while stream.avail_in > 0 {
            let result = room.withUnsafeMutableBufferPointer { room in
                stream.next_out = room.baseAddress
                stream.avail_out = UInt32(room.count)
                return inflate(&stream, Z_NO_FLUSH)
            }
            text += room[..<(room.count - Int(stream.avail_out))]
            isWhole = result == Z_STREAM_END
            if isWhole { inflateReset(&stream) }
            if result != Z_OK, result != Z_STREAM_END { return false }
        }
        return true
    }
    return isSound && isWhole ? String(decoding: text, as: UTF8.self) : nil
}
