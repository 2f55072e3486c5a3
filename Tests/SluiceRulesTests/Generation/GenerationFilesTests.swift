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

    /// How often the table of a file is made for a generation after another one.
    private func makes(_ name: String, in folder: String, generations: Int) -> [Int] {
        let key = RuleFiles.TableKey(function: "lookup.lines", path: folder + "/" + name, options: [])
        var files = RuleFiles()
        return (0..<generations).map { _ in
            var count = 0
            files = RuleFiles(after: files)
            _ = files.table(key, of: name, in: LookupFolder(path: folder)) { _ in
                count += 1
                return .json(Array("{}".utf8))
            }
            return count
        }
    }

    @Test func `a table whose file was left alone is not made again`() {
        #expect(makes("os-release", in: "/usr/lib", generations: 3) == [1, 0, 0])
    }

    @Test func `a file that was written just now is read again, for it may have been written twice in one tick`() throws {
        let lane = try fixture()
        #expect(makes("teams.csv", in: lane.folder.path, generations: 2) == [1, 1])
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
