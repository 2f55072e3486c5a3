import Foundation
import SluiceComponent
import SluiceConfig
import SluiceOutputs
import Testing

@Suite struct FileOutputTests {
    private let folder = OutputFolder()

    @Test func `records of a fixed path are appended in order`() throws {
        folder.write("a.log", "old\n")
        let output = try folder.file("a.log")
        try output.write(parcel("one\n"))
        try output.write(parcel("two\nthree\n"))
        try output.commit()
        try output.close()
        #expect(folder.text("a.log") == "old\none\ntwo\nthree\n")
    }

    @Test func `the parts of a parcel go to the files of their paths`() throws {
        let output = try folder.file("logs/{hostname}/%Y.log")
        try output.write(parcel(("logs/web1/2026.log", "1\n"), ("logs/web2/2026.log", "2\n"), ("logs/web1/2026.log", "3\n")))
        try output.commit()
        #expect(folder.files() == ["logs/web1/2026.log", "logs/web2/2026.log"])
        #expect(folder.text("logs/web1/2026.log") == "1\n3\n")
        #expect(folder.text("logs/web2/2026.log") == "2\n")
    }

    @Test func `a link planted below the fixed folder is not followed, neither as folder nor as file`() throws {
        let outside = OutputFolder()
        outside.write("target", "")
        try FileManager.default.createDirectory(atPath: folder.path + "/logs", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/logs/web1", withDestinationPath: outside.path)
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/logs/web2.log", withDestinationPath: outside.path + "/target")
        let output = try folder.file("logs/{a}{b}")
        let below = errorOf { () throws(OutputError) in try output.write(parcel(("logs/web1/x.log", "1\n"))) }
        let itself = errorOf { () throws(OutputError) in try output.write(parcel(("logs/web2.log", "1\n"))) }
        #expect(below?.isPermanent == true && itself?.isPermanent == true)
        #expect(
            itself?.message
                == "cannot open `\(folder.path)/logs/web2.log`: a part of it below `\(folder.path)/logs/` is a symbolic link or no folder; it was not followed"
        )
        #expect(outside.files() == ["target"] && outside.text("target") == "")
    }

    @Test func `dots that a default text puts together do not lead out`() throws {
        let output = try folder.file("logs/{a}")
        let error = errorOf { () throws(OutputError) in try output.write(parcel(("logs/../x.log", "1\n"))) }
        #expect(error?.isPermanent == true)
        #expect(folder.files() == [])
    }

    @Test func `a permanent refusal leaves the parcel at the refused part`() throws {
        try FileManager.default.createDirectory(atPath: folder.path + "/b", withIntermediateDirectories: true)
        let output = try folder.file("{h}")
        let parcel = parcel(("a", "1\n"), ("b", "2\n"), ("c", "3\n"))
        let error = errorOf { () throws(OutputError) in try output.write(parcel) }
        #expect(error?.isPermanent == true && parcel.partsWritten == 1)
        parcel.partsWritten += 1
        try output.write(parcel)
        #expect(folder.text("a") == "1\n" && folder.text("c") == "3\n")
    }

    @Test func `a link at a fixed path is the operator's and followed`() throws {
        folder.write("real.log", "")
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/current.log", withDestinationPath: "real.log")
        let output = try folder.file("current.log")
        try output.write(parcel("x\n"))
        #expect(folder.text("real.log") == "x\n")
    }

    @Test func `names that are too long are shortened and stay different`() throws {
        let output = try folder.file("{h}.log")
        let long = String(repeating: "ä", count: 300)
        try output.write(parcel((long + "1.log", "1\n"), (long + "2.log", "2\n")))
        let names = folder.files()
        #expect(names.count == 2 && names.allSatisfy { $0.hasSuffix(".log") && $0.utf8.count <= 200 && $0.hasPrefix("ää") })
        #expect(Set(names.map { folder.text($0) }) == ["1\n", "2\n"])
    }

    @Test func `new files and folders have the configured permissions`() throws {
        let output = try folder.file("d/{h}", [("mode", .text("0604")), ("folder_mode", .text("0711"))])
        try output.write(parcel(("d/x", "1\n")))
        #expect(folder.mode("d/x") == 0o604)
        #expect(folder.mode("d") == 0o711)
    }

    @Test func `without create_folders a missing folder is an error that goes away when it is made`() throws {
        let output = try folder.file("d/x.log", [("create_folders", .text("false"))])
        let parcel = parcel("1\n")
        let error = errorOf { () throws(OutputError) in try output.write(parcel) }
        #expect(error?.message == "cannot open `\(folder.path)/d/x.log`: its folder is missing and `create_folders` is off; make it")
        #expect(error?.isPermanent == false)
        try FileManager.default.createDirectory(atPath: folder.path + "/d", withIntermediateDirectories: true)
        try output.write(parcel)
        #expect(folder.text("d/x.log") == "1\n")
    }

    @Test func `no more files are open than allowed, and the one used longest ago is closed`() throws {
        let output = try folder.file("{h}", [("max_open_files", .text("2"))])
        for name in ["a", "b", "a", "c", "a", "b"] { try output.write(parcel((name, "\(name)\n"))) }
        #expect(output.counter("files_open") == 2)
        #expect(output.counter("files_opened") == 4)
        #expect(folder.text("a") == "a\na\na\n" && folder.text("b") == "b\nb\n" && folder.text("c") == "c\n")
    }

    @Test func `idle files are closed and opened again`() throws {
        let output = try folder.file("{h}", [("idle_close", .text("30s"))])
        try output.write(parcel(("a", "1\n")))
        #expect(try output.tend(now: folder.clock.now) == folder.clock.now + 30_000_000_000)
        folder.clock.advance(seconds: 30)
        #expect(try output.tend(now: folder.clock.now) == nil)
        #expect(output.counter("files_open") == 0)
        try output.write(parcel(("a", "2\n")))
        #expect(folder.text("a") == "1\n2\n")
    }

    @Test func `after reopen a renamed file gets nothing more`() throws {
        let output = try folder.file("a.log")
        try output.write(parcel("1\n"))
        try FileManager.default.moveItem(atPath: folder.path + "/a.log", toPath: folder.path + "/a.log.1")
        try output.write(parcel("2\n"))
        output.reopen()
        try output.write(parcel("3\n"))
        #expect(folder.text("a.log.1") == "1\n2\n")
        #expect(folder.text("a.log") == "3\n")
        #expect(output.counter("reopens") == 1)
    }

    @Test func `a file that was removed is begun anew`() throws {
        let output = try folder.file("a.log")
        try output.write(parcel("1\n"))
        try FileManager.default.removeItem(atPath: folder.path + "/a.log")
        folder.clock.advance(seconds: 2)
        try output.commit()
        try output.write(parcel("2\n"))
        #expect(folder.text("a.log") == "2\n")
    }

    @Test func `the header stands once at the head of each new file`() throws {
        let output = try folder.file("{h}", header: "name,value\n")
        folder.write("b", "name,value\nx,0\n")
        try output.write(parcel(("a", "x,1\n"), ("b", "x,2\n")))
        output.reopen()
        try output.write(parcel(("a", "x,3\n")))
        #expect(folder.text("a") == "name,value\nx,1\nx,3\n")
        #expect(folder.text("b") == "name,value\nx,0\nx,2\n")
    }

    @Test func `a record that a crash tore does not swallow the next one`() throws {
        folder.write("a.log", "one\ntw")
        let output = try folder.file("a.log")
        try output.write(parcel("three\n"))
        #expect(folder.text("a.log") == "one\ntw\nthree\n")
        #expect(output.counter("files_repaired") == 1)
    }

    @Test func `configurations that cannot be are refused with a reason`() {
        #expect(folder.refusal("logs/") == "`path` of output `main` ends with `/` and names no file; write the file's name behind it")
        #expect(
            folder.refusal("{a}/../x")
                == "`path` of output `main` has `..` behind a field or time; write the folder that is meant in front")
        #expect(
            folder.refusal("x", [("mode", .text("0888"))])
                == "`0888` is no value for `mode`; it takes permissions in octal such as `\"0640\"`")
        #expect(
            folder.refusal("x", [("owner", .text("nobody-at-all"))])
                == "`nobody-at-all` is no value for `owner`: this system has no such user; write a known name or a number")
        #expect(folder.refusal("x", [("level", .text("3"))]) == "`level` needs `compression: gzip` or `compression: zstd`")
        #expect(
            folder.refusal("x", [("compression", .text("gzip")), ("level", .text("12"))])
                == "`12` is no `level` of gzip; it takes a number from 1 to 9")
        #expect(
            folder.refusal("x", [rotate(("keep", "3"))])
                == "`rotate` needs `max_size`, `interval` or both, such as `rotate: { interval: 1d, keep: 14 }`")
        #expect(
            folder.refusal("x", [rotate(("interval", "1d"), ("name", "number")), ("atomic", .text("true"))])
                == "`atomic` and `rotate: { name: number }` do not go together; leave `name` at `time`")
        #expect(
            folder.refusal("x", [("timezone", .text("Mars/Base"))])
                == "`Mars/Base` is no `timezone` that this system knows; write one such as `Europe/Berlin` or `UTC`")
    }

    @Test func `two outputs of one path claim the same`() throws {
        let one = try folder.plan("file", [("path", .text("a.log"))])
        let two = try folder.plan("file", [("path", .text(folder.path + "/a.log"))])
        #expect(one.claims == ["file `\(folder.path)/a.log`"] && one.claims == two.claims)
        #expect(one.path == nil)
    }
}
