import Foundation
import SluiceConfig
import Testing

@testable import SluiceEngine

@Suite struct ConfigurationGlanceTests {
    private func folder(_ text: String, _ variables: [String: String] = [:]) throws -> String {
        let place = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let file = place.appending(path: "sluice.yaml")
        try Data(text.utf8).write(to: file)
        let found = try ConfigurationGlance(of: file.path) { variables[$0] }.dataFolder
        return found.hasPrefix(place.path + "/") ? String(found.dropFirst(place.path.count + 1)) : found
    }

    @Test func `relative folders begin at the configuration's`() throws {
        #expect(try folder("data_dir: data\ninputs: {}\n") == "data")
        #expect(try folder("data_dir: /srv/sluice\n") == "/srv/sluice")
        #expect(try folder("data_dir: \"${PLACE}/${NAME:-sluice}\"\n", ["PLACE": "/srv"]) == "/srv/sluice")
    }

    @Test(arguments: ["", "inputs: {}\n", "data_dir:\n", "data_dir: [a]\n", "- data_dir: x\n"])
    func `without a value it is the standard one`(text: String) throws {
        #expect(try folder(text) == "/var/lib/sluice")
    }

    @Test(arguments: [
        "data_dir: data\ninputs: [\n", "inputs: {\ndata_dir: data # here\n", "data_dir:  'data'\t\n\tx: 1\n",
        "data_dir: \"data\"\na: b: c\n",
    ]) func `a file that is no YAML still says where its service is`(text: String) throws {
        #expect(try folder(text) == "data")
    }

    @Test func `a variable that is not set is an error`() {
        #expect(throws: ConfigError.self) { try folder("data_dir: ${NOWHERE}\n") }
    }

    @Test func `a file that is not there is an error`() {
        #expect(throws: ConfigError.self) { try ConfigurationGlance(of: "/nonexistent/sluice.yaml") }
    }

    @Test func `rules are found by their names, whatever else is wrong`() throws {
        let place = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let file = place.appending(path: "sluice.yaml")
        try Data("unknown: 1\nrules:\n- a/route.lua\n- { file: x.lua, name: last }\n- 7\n- { name: none }\n- []\n".utf8).write(to: file)
        let rules = try ConfigurationGlance(of: file.path).rules
        #expect(rules == ["route.lua": place.path + "/a/route.lua", "last": place.path + "/x.lua", "7": place.path + "/7"])
    }
}
