import SluiceComponent
import SluiceConfig
import SluiceEncoding

@testable import SluiceEngine
@testable import SluiceInputs
@testable import SluiceOutputs

/// Kinds of inputs and outputs that do nothing, with options of every kind: what the tests of the configuration use, so that
/// they do not change with the real ones.
enum TestComponents {
    static let catalogues = ComponentCatalogues(inputs: [file, socket], outputs: [archive, http, stdout])

    private static let file = InputCatalogue.Entry(
        kind: "file", summary: "follows files", promise: "at least once",
        options: [
            OptionSpec("include", .texts, "patterns of files", example: "[/var/log/*.log]", isRequired: true),
            OptionSpec("start", .choice(["beginning", "end"]), default: "beginning", "where unknown files begin", example: "end"),
            OptionSpec("format", .text, default: "auto", "format of the records", example: "combined"),
            OptionSpec("columns", .list, "names of columns", example: "[a, b]"),
            OptionSpec("max_frame_size", .size(64...64 << 20), default: "1MiB", "longest record", example: "4MiB"),
        ],
        example: "{ type: file, include: [/var/log/app.log] }", make: { _, _ in TestInputPlan() })

    private static let socket = InputCatalogue.Entry(
        kind: "socket", summary: "listens", promise: "at most once",
        options: [
            OptionSpec("listen", .texts, "addresses", example: "tcp://127.0.0.1:514", isRequired: true),
            OptionSpec("max_connections", .integer(1...100_000), default: "1000", "connections at a time", example: "50"),
            OptionSpec("idle_timeout", .duration(1_000_000_000...3_600_000_000_000), default: "5m", "patience", example: "1m"),
            OptionSpec("reuse", .boolean, default: "false", "shares its port", example: "true"),
            OptionSpec("delimiter", .character, default: "\\n", "end of a record", example: "\\0"),
            OptionSpec("tls", .group(tls), "encryption", example: "{ certificate: a.pem, key: a.key }"),
        ],
        example: "{ type: socket, listen: \"tcp://127.0.0.1:514\" }",
        make: { values, _ throws(ConfigError) in
            for address in values.texts("listen") where !address.contains("://") {
                throw ConfigError(.invalidValue, "`\(address)` has no scheme; write `tcp://\(address)`", key: "listen")
            }
            if values.isSet("tls"), values.group("tls").text("certificate") == "expired.pem" {
                throw ConfigError(.invalidValue, "the certificate has expired; renew it", key: "tls.certificate")
            }
            return TestInputPlan()
        })

    private static let tls: [OptionSpec] = [
        OptionSpec("certificate", .text, "PEM file", example: "server.pem", isRequired: true),
        OptionSpec("key", .text, "PEM file", example: "server.key", isRequired: true),
        OptionSpec("password", .text, "of the key", example: "\"${KEY_PASSWORD}\"", isSecret: true),
    ]

    private static let archive = OutputCatalogue.Entry(
        kind: "archive", summary: "writes files", promise: "written",
        options: [
            OptionSpec("path", .text, "file with fields in it", example: "a/{hostname}.log", isRequired: true)
        ],
        example: "{ type: archive, path: \"{hostname}.log\" }",
        make: { values, _ throws(ConfigError) in
            do throws(TemplateError) {
                let path = try PathTemplate(values.text("path") ?? "", zone: nil)
                return TestOutputPlan(path: path, claims: ["file `\(values.text("path") ?? "")`"])
            } catch {
                throw ConfigError(.malformed, "`path`, column \(error.position + 1): \(error.message)", key: "path")
            }
        })

    private static let http = OutputCatalogue.Entry(
        kind: "http", summary: "posts", promise: "answered",
        options: [
            OptionSpec("url", .text, "where to", example: "https://example.net", isRequired: true),
            OptionSpec("user", .text, "who", example: "sluice"),
            OptionSpec("password", .text, "of the user", example: "\"${PASSWORD}\"", isSecret: true),
            OptionSpec("pin", .integer(1000...9999), "number of the card", example: "1234", isSecret: true),
        ],
        example: "{ type: http, url: \"https://example.net\" }",
        make: { values, _ throws(ConfigError) in
            if values.isSet("password"), !values.isSet("user") {
                throw ConfigError(.missingOption, "a `password` goes with a `user`", key: "password")
            }
            return TestOutputPlan(path: nil)
        })

    private static let stdout = OutputCatalogue.Entry(
        kind: "stdout", summary: "prints", promise: "printed", options: [], example: "{ type: stdout }",
        make: { _, _ in TestOutputPlan(path: nil) })
}

private struct TestInputPlan: InputPlan {
    func makeInput() -> any Input { preconditionFailure("configurations run nothing") }
}

private struct TestOutputPlan: OutputPlan {
    let path: PathTemplate?
    var claims: [String] = []

    func makeOutput(_ context: OutputContext) -> any Output { preconditionFailure("configurations run nothing") }
}
