import Foundation
import SluiceConfig
import SluiceEvent
import SluiceInputs
import SluiceOutputs
import SluiceRules
import Testing

@testable import SluiceEngine

@Suite struct ServiceConfigurationTests {
    static func configuration(
        _ yaml: String, file: String = "conf/sluice.yaml", variables: [String: String] = [:]
    ) throws -> ServiceConfiguration {
        let reading = ConfigReading(folder: ConfigurationGlance.folder(of: file)) { variables[$0] }
        return try ServiceConfiguration.read(Array(yaml.utf8), file: file, catalogues: TestComponents.catalogues, reading: reading)
    }

    static let minimal = "inputs: { app: { type: file, include: /a } }\noutputs: { main: { type: stdout } }\n"

    @Test func `what is not said has the documented default`() throws {
        let configuration = try Self.configuration(Self.minimal)
        #expect(configuration.dataFolder == "/var/lib/sluice" && configuration.admin == nil && configuration.workers == 1)
        #expect(configuration.rules == [] && configuration.defaultOutputs == [0] && configuration.partitionBy == nil)
        #expect(configuration.limits.memoryBytes == 64 << 20 && configuration.limits.eventNanoseconds == 100_000_000)
        #expect(configuration.limits.stateBytesMax == 16 << 20)
        #expect(
            configuration.reload
                == ReloadSetting(
                    watch: .notify, settle: 300_000_000, shadowEvents: 1_000, shadowBytes: 4 << 20, newErrorsMax: 0, changedMax: nil,
                    rollbackErrorRate: 0.05, rollbackWindow: 10_000_000_000))
        #expect(configuration.deadLetters == DeadLetterSetting(bytesMax: 1 << 30, whenFull: .block))
        #expect(configuration.shutdownTimeout == 30_000_000_000 && configuration.checkpointInterval == 100_000_000)
        #expect(configuration.log == LogSetting(level: .info, format: .auto))
        #expect(configuration.outputs[0].options == OutputOptions() && configuration.outputs[0].encoding?.name == "json")
        #expect(configuration.warnings == [])
    }

    @Test func `relative paths begin at the folder of the file`() throws {
        let configuration = try Self.configuration(Self.minimal + "data_dir: data\nrules: [rules/a.lua, /etc/b.lua]")
        #expect(configuration.dataFolder == "conf/data")
        #expect(configuration.rules.map(\.path) == ["conf/rules/a.lua", "/etc/b.lua"])
        #expect(configuration.rules.map(\.name) == ["a.lua", "b.lua"])
        #expect(configuration.inputs[0].setting.folder.hasSuffix("/conf"))
        #expect(try Self.configuration(Self.minimal + "data_dir: data", file: "sluice.yaml").dataFolder == "data")
        #expect(try Self.configuration(Self.minimal + "data_dir: data", file: "/sluice.yaml").dataFolder == "/data")
    }

    @Test func `a disk buffer has defaults of its own`() throws {
        let yaml = "inputs: { app: { type: file, include: /a } }\noutputs: { main: { type: stdout, buffer: { type: disk } } }\n"
        #expect(try Self.configuration(yaml).outputs[0].options.buffer == .disk)
    }

    @Test func `columns of CSV stand at the head of each file and not in the records`() throws {
        let yaml = """
            inputs: { app: { type: file, include: /a } }
            outputs:
              a: { type: stdout, encoding: "csv:columns=timestamp,a;b,delimiter=;" }
              b: { type: stdout, encoding: { type: csv, columns: [x, y], header: false } }
              c: { type: stdout, encoding: { type: text, template: "{a} {b.c} {@input}" } }
            default_outputs: [b, a]
            """
        let configuration = try Self.configuration(yaml)
        #expect(configuration.outputs.map { String(decoding: $0.setting.header, as: UTF8.self) } == ["timestamp;\"a;b\"\n", "", ""])
        #expect(configuration.outputs.map(\.encoding?.fieldNames) == [["timestamp", "a;b"], ["x", "y"], ["a", "b.c"]])
        #expect(configuration.defaultOutputs == [1, 0])
    }

    @Test func `zones of paths are the output's, else the file's, else UTC`() throws {
        let outputs = "outputs: { a: { type: stdout, timezone: Asia/Tokyo }, b: { type: stdout } }\ndefault_outputs: []\n"
        let inputs = "inputs: { app: { type: file, include: /a } }\n"
        #expect(try Self.configuration(inputs + outputs).outputs.map { $0.setting.zone?.name } == ["Asia/Tokyo", nil])
        let zoned = try Self.configuration(inputs + outputs + "timezone: Europe/Berlin")
        #expect(zoned.outputs.map { $0.setting.zone?.name } == ["Asia/Tokyo", "Europe/Berlin"])
        #expect(zoned.inputs[0].setting.zone.name == "Europe/Berlin")
    }

    @Test func `components differ when what they say does, and not when they move`() throws {
        let before = try Self.configuration(
            "inputs: { a: { type: file, include: /a }, b: { type: file, include: /b } }\noutputs: { main: { type: http, url: x, user: u, password: \"${P}\" } }",
            variables: ["P": "1"])
        let moved = try Self.configuration(
            "# moved\noutputs:\n  main:\n    type: http\n    password: '1'\n    user: u\n    url: x\ninputs: { b: { type: file, include: /b }, a: { type: file, include: /c } }"
        )
        #expect(before.outputs == moved.outputs)
        #expect(before.inputs[1] == moved.inputs[0])
        #expect(before.inputs[0] != moved.inputs[1])
        let secret = try Self.configuration(
            "inputs: { a: { type: file, include: /a } }\noutputs: { main: { type: http, url: x, user: u, password: \"${P}\" } }",
            variables: ["P": "2"])
        #expect(secret.outputs != before.outputs)
    }

    @Test func `every file that was read is listed for watching, also when the configuration is refused`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "secret\n".write(toFile: folder + "/token", atomically: true, encoding: .utf8)
        let file = folder + "/sluice.yaml"
        let yaml = Self.minimal + "admin: { token_file: token }\n"
        try yaml.write(toFile: file, atomically: true, encoding: .utf8)
        let configuration = try ServiceConfiguration.load(file, catalogues: TestComponents.catalogues)
        #expect(configuration.files == [file, folder + "/token"])
        #expect(configuration.admin == AdminSetting(listen: nil, token: "secret"))
        try (yaml + "workers: 0\n").write(toFile: file, atomically: true, encoding: .utf8)
        #expect {
            try ServiceConfiguration.load(file, catalogues: TestComponents.catalogues)
        } throws: { error in
            (error as? ConfigProblems)?.files == [file, folder + "/token"] && (error as? ConfigProblems)?.problems.count == 1
        }
    }

    @Test func `a missing file is one problem without a place`() {
        #expect {
            try ServiceConfiguration.load("/nowhere/sluice.yaml", catalogues: TestComponents.catalogues)
        } throws: { error in
            (error as? ConfigProblems)?.rendered() == "cannot read `/nowhere/sluice.yaml`: No such file or directory"
        }
    }

    @Test func `the configuration is looked for where the manual says`() {
        func find(_ named: String?, _ variables: [String: String], _ files: [String]) -> String? {
            ServiceConfiguration.find(named, variable: { variables[$0] }, exists: files.contains)
        }
        #expect(find("a", ["SLUICE_CONFIG": "b"], ["sluice.yaml"]) == "a")
        #expect(find(nil, ["SLUICE_CONFIG": "b"], ["sluice.yaml"]) == "b")
        #expect(find(nil, ["SLUICE_CONFIG": ""], ["sluice.yaml", "/etc/sluice/sluice.yaml"]) == "sluice.yaml")
        #expect(find(nil, [:], ["/etc/sluice/sluice.yaml"]) == "/etc/sluice/sluice.yaml")
        #expect(find(nil, [:], []) == nil)
    }

    @Test(arguments: [
        ("127.0.0.1:8787", "127.0.0.1", 8787, true), ("[::1]:1", "::1", 1, true), ("localhost:0", "localhost", 0, true),
        ("0.0.0.0:80", "0.0.0.0", 80, false), ("[::]:80", "::", 80, false), ("127.evil.net:80", "127.evil.net", 80, false),
    ])
    func `addresses are hosts and ports`(_ text: String, _ host: String, _ port: Int, _ isLoopback: Bool) throws {
        let address = try ListenAddress(text, key: "listen")
        #expect(address.host == host && address.port == port && address.isLoopback == isLoopback)
    }

    @Test(arguments: ["", "8787", ":8787", "a:b", "::1:80", "a:70000", "[::1]", "unix:/x:1"])
    func `other texts are no addresses`(_ text: String) {
        #expect(throws: ConfigError.self) { try ListenAddress(text, key: "listen") }
    }
}
