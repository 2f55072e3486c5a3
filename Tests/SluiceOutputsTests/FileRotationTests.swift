import Foundation
import SluiceComponent
import SluiceConfig
import SluiceOutputs
import Testing

@Suite struct FileRotationTests {
    private let folder = OutputFolder()

    @Test func `a file of the greatest size is rotated before the next write`() throws {
        let output = try folder.file("a.log", [rotate(("max_size", "4B"))], header: "h\n")
        for text in ["1\n", "2\n", "3\n"] { try output.write(parcel(text)) }
        #expect(folder.files() == ["a.log", "a.log-20260109T223320Z", "a.log-20260109T223320Z.1"])
        #expect(folder.text("a.log-20260109T223320Z") == "h\n1\n")
        #expect(folder.text("a.log-20260109T223320Z.1") == "h\n2\n")
        #expect(folder.text("a.log") == "h\n3\n")
        #expect(output.counter("files_rotated") == 2)
    }

    @Test func `periods end by the clock and in the zone, also without an event`() throws {
        let output = try folder.file(
            "a.log", [rotate(("interval", "1d")), ("timezone", .text("Europe/Berlin")), ("idle_close", .text("2d"))])
        try output.write(parcel("1\n"))
        // 22:33:20 UTC is 23:33:20 in Berlin: 26 minutes and 40 seconds to midnight.
        let midnight = folder.clock.now + 1_600_000_000_000
        #expect(try output.tend(now: folder.clock.now) == midnight)
        folder.clock.advance(seconds: 1_599)
        _ = try output.tend(now: folder.clock.now)
        #expect(folder.files() == ["a.log"])
        folder.clock.advance(seconds: 1)
        _ = try output.tend(now: folder.clock.now)
        #expect(folder.files() == ["a.log-20260109T230000Z"])
        try output.write(parcel("2\n"))
        #expect(folder.text("a.log") == "2\n")
    }

    @Test func `a file that an earlier run left is rotated when its period is over`() throws {
        folder.write("a.log", "old\n")
        let yesterday = Date(timeIntervalSince1970: Double(folder.clock.now / 1_000_000_000 - 86_400))
        try FileManager.default.setAttributes([.modificationDate: yesterday], ofItemAtPath: folder.path + "/a.log")
        let output = try folder.file("a.log", [rotate(("interval", "1d"))])
        try output.write(parcel("new\n"))
        #expect(folder.text("a.log") == "new\n" && folder.text("a.log-20260109T223320Z") == "old\n")
    }

    @Test func `numbers move up and the newest is 1`() throws {
        let output = try folder.file("a.log", [rotate(("max_size", "1B"), ("keep", "2"), ("name", "number"))])
        for text in ["1\n", "2\n", "3\n", "4\n", "5\n"] { try output.write(parcel(text)) }
        #expect(folder.files() == ["a.log", "a.log.1", "a.log.2"])
        #expect(["a.log", "a.log.1", "a.log.2"].map { folder.text($0) } == ["5\n", "4\n", "3\n"])
        #expect(output.counter("files_deleted") == 2)
    }

    @Test func `retention deletes only rotated files of the path`() throws {
        let others = [
            "a.log.old", "a.log-2026", "a.log-20260101T000000", "b.log-20260101T000000Z", "a.log-20261301T000000Z",
            "x-a.log-20260101T000000Z",
        ]
        for name in others { folder.write(name, "keep\n") }
        let output = try folder.file("a.log", [rotate(("max_size", "1B"), ("keep", "1"), ("max_age", "1h"))])
        folder.write("a.log-20260101T000000Z", "gone\n")
        for text in ["1\n", "2\n", "3\n"] {
            try output.write(parcel(text))
            folder.clock.advance(seconds: 10)
        }
        #expect(folder.files() == (others + ["a.log", "a.log-20260109T223340Z"]).sorted())
        folder.clock.advance(seconds: 3_600)
        _ = try output.tend(now: folder.clock.now)
        #expect(folder.files() == (others + ["a.log"]).sorted())
    }

    @Test func `data cannot take the name of a rotated file`() throws {
        let output = try folder.file("{h}", [rotate(("max_size", "1B"), ("keep", "1"))])
        try output.write(parcel(("web-20200101T000000Z", "1\n"), ("web", "2\n")))
        try output.write(parcel(("web", "3\n")))
        try output.write(parcel(("web", "4\n")))
        #expect(folder.text("web_20200101T000000Z") == "1\n")
    }

    @Test func `a compressed file keeps its ending`() throws {
        let output = try folder.file("a.log.gz", [rotate(("max_size", "1B")), ("compression", .text("gzip"))])
        try output.write(parcel("1\n"))
        try output.commit()
        try output.write(parcel("2\n"))
        try output.close()
        #expect(folder.files() == ["a.log-20260109T223320Z.gz", "a.log.gz"])
        #expect(folder.run("gzip", "-t", "a.log-20260109T223320Z.gz", "a.log.gz").status == 0)
    }

    @Test func `an atomic file appears when it is complete`() throws {
        let output = try folder.file("d/{h}.log", [("atomic", .text("true")), ("idle_close", .text("10s"))])
        try output.write(parcel(("d/a.log", "1\n")))
        try output.commit()
        #expect(folder.files() == ["d/.a.log.main.sluice-part"])
        folder.clock.advance(seconds: 10)
        _ = try output.tend(now: folder.clock.now)
        #expect(folder.files() == ["d/a.log"])
        try output.write(parcel(("d/a.log", "2\n")))
        try output.close()
        #expect(folder.files() == ["d/a.log", "d/a.log-20260109T223330Z"])
        #expect(folder.text("d/a.log") == "1\n" && folder.text("d/a.log-20260109T223330Z") == "2\n")
    }

    @Test func `what a crash left unfinished is completed by the next start`() throws {
        try FileManager.default.createDirectory(atPath: folder.path + "/d/e", withIntermediateDirectories: true)
        folder.write("d/e/.a.log.main.sluice-part", "1\n2")
        folder.write("d/e/.b.log.other.sluice-part", "of another output\n")
        let output = try folder.file("d/{h}/x.log", [("atomic", .text("true"))])
        _ = try output.tend(now: folder.clock.now)
        #expect(folder.files() == ["d/e/.b.log.other.sluice-part", "d/e/a.log"])
        #expect(folder.text("d/e/a.log") == "1\n2\n")
    }
}
