import CSluice
import Foundation
import SluiceEvent
import Testing

@testable import SluiceRules

/// What generations read, and that lanes read nothing.
@Suite struct GenerationFilesTests {
    private static let rule = """
        local helper = require "lib.helper"
        local team = lookup.csv("teams.csv", "app", "team")
        local site = lookup.cidr("sites.csv", "net", "site")
        local has_extra, extra = pcall(require, "extra")
        local has_list, list = pcall(lookup.lines, "list.txt")
        function process(event)
          event.helper, event.team, event.site = helper(), team[event.app], site["10.1.2.3"]
          event.extra, event.list = has_extra and extra, has_list and list.x or false
        end
        """

    private func fixture() throws -> GenerationFixture {
        let lane = try GenerationFixture([])
        try FileManager.default.createDirectory(at: lane.folder.appending(path: "lib"), withIntermediateDirectories: true)
        try lane.write("return function() return 'first' end", "lib/helper.lua")
        try lane.write("app,team\nsshd,infra\n", "teams.csv")
        try lane.write("net,site\n10.0.0.0/8,Berlin\n", "sites.csv")
        return lane
    }

    @Test func `lanes load what was read when the rules were checked, whatever became of the files`() throws {
        let lane = try fixture()
        let generation = try lane.check([("r", Self.rule)])
        try FileManager.default.removeItem(at: lane.folder)
        let expected = #"{"app":"sshd","site":"Berlin","team":"infra","helper":"first","list":false,"extra":false}"#
        try lane.lane.lane.stage(generation)
        try lane.lane.lane.commit()
        #expect(lane.run(#"{"app":"sshd"}"#) == expected)
        let fresh = try LaneFixture(generation: generation)
        fresh.add(json: #"{"app":"sshd"}"#)
        #expect(fresh.runJSON() == [expected])
    }

    @Test func `every file that was read, and every one that was missing, is known`() throws {
        let lane = try fixture()
        let requests = try lane.check([("r", Self.rule)]).files.requests
        #expect(
            requests.map { "\($0.path.dropFirst(lane.folder.path.count + 1)) \($0.isRead)" } == [
                "lib/helper.lua true", "teams.csv true", "sites.csv true", "extra.lua false", "list.txt false",
            ])
    }

    @Test func `a refusal knows the files as well`() throws {
        let lane = try fixture()
        let refusal = #expect(throws: RuleRefusal.self) { try lane.check([("r", "require 'gone.away'")]) }
        #expect(refusal?.requests == [RuleFiles.Request(path: lane.folder.path + "/gone/away.lua", isRead: false)])
        #expect(refusal?.failure.line == 1)
    }

    @Test func `a module that was changed makes another generation, a lane that stages it runs the new one`() throws {
        let lane = try fixture()
        try lane.adopt([("r", Self.rule)])
        try lane.write("return function() return 'second' end", "lib/helper.lua")
        try lane.adopt([("r", Self.rule)])
        #expect(lane.run().contains(#""helper":"second""#))
    }

    @Test func `a table whose file was left alone is not read again`() throws {
        let lane = try fixture()
        let old = Date(timeIntervalSinceNow: -100)
        let key = RuleFiles.TableKey(function: "lookup.lines", path: lane.folder.path + "/x.txt", options: [])
        try lane.write("a\n", "x.txt")
        func reads(_ files: inout RuleFiles) -> Int {
            var count = 0
            _ = files.table(key, of: "x.txt", in: LookupFolder(path: lane.folder.path)) { _ in
                count += 1
                return .json(Array("{}".utf8))
            }
            return count
        }
        // A file that was written just now may be written again in the same tick of its clock.
        var first = RuleFiles()
        #expect(reads(&first) == 1)
        var second = RuleFiles(after: first)
        #expect(reads(&second) == 1)
        try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: lane.folder.path + "/x.txt")
        let identity = FileIdentity(device: 1, inode: 2, bytes: 3, modified: 4, changed: 5)
        #expect(identity != FileIdentity(device: 1, inode: 2, bytes: 3, modified: 4, changed: 6))
    }

    @Test func `a large table is parsed once for all lanes`() throws {
        let lane = try fixture()
        try lane.write("app,team\n" + (0..<20_000).map { "app\($0),team\($0)\n" }.joined(), "teams.csv")
        let generation = try lane.check([("r", Self.rule)])
        #expect(generation.files.tableBytes > 400_000)
        try lane.lane.lane.stage(generation)
        try lane.lane.lane.commit()
        #expect(lane.run(#"{"app":"app19999"}"#).contains(#""team":"team19999""#))
    }
}
