import Foundation
import Testing

@testable import SluiceRules

@Suite final class LookupTests {
    private let root: URL
    private let call: LibraryBench

    init() throws {
        root = FileManager.default.temporaryDirectory.appending(path: "lookup-\(UUID().uuidString)")
        let folder = root.appending(path: "rules")
        try FileManager.default.createDirectory(at: folder.appending(path: "tables"), withIntermediateDirectories: true)
        call = LibraryBench(folder: folder.path)
        call.context.isLoading = true
        try "secret\n".write(to: root.appending(path: "secret.txt"), atomically: false, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    private func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: root.appending(path: "rules/" + name))
    }

    @Test func `one value column makes a table of texts, the last row of a key counts`() throws {
        try write("appname,team,mail\r\nsshd,infra,i@x\nnginx,\"web, edge\",w@x\n\nsshd,security,s@x", "teams.csv")
        #expect(
            call("lookup.csv", "teams.csv", "appname", "team")
                == .table(#"{"sshd":"infra","nginx":"web, edge","sshd":"security"}"#))
        #expect(
            call("lookup.csv", "teams.csv", "team", "mail", "appname")
                == .table(
                    #"{"infra":{"mail":"i@x","appname":"sshd"},"web, edge":{"mail":"w@x","appname":"nginx"},"security":{"mail":"s@x","appname":"sshd"}}"#
                ))
        #expect(call.context.files.requests == [RuleFiles.Request(path: root.path + "/rules/teams.csv", isRead: true)])
    }

    @Test func `without value columns all others come`() throws {
        try write("\u{FEFF}id,a,b\n1,x\n", "t.csv")
        #expect(call("lookup.csv", "t.csv", "id") == .table(#"{"1":{"a":"x"}}"#))
    }

    @Test func `what is wrong with a table is told with its place`() throws {
        try write("a,b\n1,2\n", "t.csv")
        #expect(call.failure("lookup.csv", "t.csv", "c") == "lookup.csv: `t.csv` has no column `c`; it has `a`, `b`")
        #expect(call.failure("lookup.csv", "t.csv", "a", "d") == "lookup.csv: `t.csv` has no column `d`; it has `a`, `b`")
        try write("a,b\n1,2\n3\n", "t.csv")
        #expect(call.failure("lookup.csv", "t.csv", "b") == "lookup.csv: row 3 of `t.csv` has 1 fields and no `b`")
        try write("a,b\n1,\"2\n", "t.csv")
        #expect(call.failure("lookup.csv", "t.csv", "a") == "lookup.csv: row 2 of `t.csv` has a quote that is not closed")
        try write("network\n10.0.0.0/8\nten\n", "n.csv")
        #expect(call.failure("lookup.cidr", "n.csv") == "lookup.cidr: row 3 of `n.csv`: `ten` is no network such as `10.0.0.0/8`")
    }

    @Test func `a table of networks is asked by address`() throws {
        try write("site,network,owner\nall,10.0.0.0/8,x\nBerlin,10.1.0.0/16,y\nsix,2001:db8::/32,z\n", "sites.csv")
        let one = call("lookup.cidr", "sites.csv", "network", "site")
        #expect(call("lookup.find", one, "10.1.2.3") == "Berlin")
        #expect(call("lookup.find", one, "10.2.2.3") == "all")
        #expect(call("lookup.find", one, "2001:db8::1") == "six")
        #expect(call("lookup.find", one, "11.0.0.1") == nil)
        let many = call("lookup.cidr", "sites.csv", "network")
        #expect(call("lookup.find", many, "10.1.2.3") == .table(#"{"site":"Berlin","owner":"y"}"#))
    }

    @Test func `lines make a set and JSON a table`() throws {
        try write("# blocked\n 10.0.0.1 \r\n\nbob\n", "tables/blocked.txt")
        #expect(call("lookup.lines", "tables/blocked.txt") == .table(#"{"10.0.0.1":true,"bob":true}"#))
        try write(" {\"a\": [1, 2.50, null], \"b\": \"\\u00e4\"}\n", "s.json")
        #expect(call("lookup.json", "s.json") == .table(" {\"a\": [1, 2.50, null], \"b\": \"\\u00e4\"}\n"))
        for broken in ["", "1", "{", "{\"a\":}", "[1,]", "{} x", "[01]", "[\"\\x\"]", "{a:1}", "[1.]", "[tru]"] {
            try write(broken, "s.json")
            #expect(call.failure("lookup.json", "s.json") == "lookup.json: `s.json` is no JSON object or array", "\(broken)")
        }
    }

    @Test func `no file outside of the rule's folder is read`() throws {
        let folder = root.path + "/rules"
        for name in ["../secret.txt", "/etc/passwd", "tables/../../secret.txt", ".."] {
            #expect(
                call.failure("lookup.lines", .string(name))
                    == "lookup.lines: `\(name)` leads out of the rule's folder; put the file below `\(folder)`")
        }
        try FileManager.default.createSymbolicLink(atPath: folder + "/out.txt", withDestinationPath: root.path + "/secret.txt")
        try FileManager.default.createSymbolicLink(atPath: folder + "/up", withDestinationPath: "..")
        for name in ["out.txt", "up/secret.txt"] {
            #expect(
                call.failure("lookup.lines", .string(name))
                    == "lookup.lines: `\(name)` is a link out of the rule's folder; put the file itself below `\(folder)`")
        }
        #expect(call.failure("lookup.lines", "") == "lookup.lines: a file name is not empty and has no zero byte")
        #expect(call.failure("lookup.lines", .text([0x61, 0])) == "lookup.lines: a file name is not empty and has no zero byte")
        #expect(call.failure("lookup.lines", "tables") == "lookup.lines: `tables` is no file")
        #expect(
            call.failure("lookup.lines", "nothing.txt")
                == "lookup.lines: `nothing.txt` cannot be read in `\(folder)`: no such file or directory")
        #expect(call.context.files.requests.allSatisfy { !$0.isRead && !$0.path.contains("..") })
    }

    @Test func `links inside the folder are followed, as mounted configurations need`() throws {
        let folder = root.path + "/rules"
        try FileManager.default.createDirectory(atPath: folder + "/..2026", withIntermediateDirectories: false)
        try write("bob\n", "..2026/users.txt")
        try FileManager.default.createSymbolicLink(atPath: folder + "/..data", withDestinationPath: "..2026")
        try FileManager.default.createSymbolicLink(atPath: folder + "/users.txt", withDestinationPath: "..data/users.txt")
        #expect(call("lookup.lines", "users.txt") == .table(#"{"bob":true}"#))
    }

    @Test func `files are read while the rule loads only`() throws {
        try write("bob\n", "users.txt")
        call.context.isLoading = false
        #expect(
            call.failure("lookup.lines", "users.txt")
                == "lookup.lines reads a file and works while the rule loads only; call it at the top of the rule and keep the table"
        )
    }
}
