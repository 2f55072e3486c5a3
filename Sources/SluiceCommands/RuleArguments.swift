import ArgumentParser
import Glibc
import SluiceRules

/// Rules as they are named on the command line.
enum RuleArguments {
    /// Largest rule file.
    private static let bytesMax = 1 << 20

    /// How rules are called, by `--api`, `--call` and what goes with them.
    static func api(
        _ name: String?, call: String?, timeAsTable: Bool, environment: [String]
    ) throws -> RuleSource.API {
        guard let name else {
            if call != nil { throw Terminal.fail("`--call` goes with `--api fluent-bit`", .usage) }
            return .sluice
        }
        guard name == "fluent-bit" else {
            throw Terminal.fail("unknown API `\(name)`; known: fluent-bit", .usage)
        }
        guard let call else {
            throw Terminal.fail("`--api fluent-bit` needs `--call NAME`, the function of the script", .usage)
        }
        let variables = environment.compactMap { name in getenv(name).map { (name: name, value: String(cString: $0)) } }
        return .fluentBit(function: call, timeAsTable: timeAsTable, environment: variables)
    }

    /// Reads a rule file.
    static func read(_ path: String, api: RuleSource.API, onError: ErrorPolicy) throws -> RuleSource {
        guard let file = fopen(path, "rb") else {
            throw Terminal.fail(
                "cannot open rule `\(path)`: \(String(cString: strerror(errno)))", errno == EACCES ? .notPermitted : .missing)
        }
        defer { fclose(file) }
        var text = [UInt8](repeating: 0, count: bytesMax + 1)
        let count = fread(&text, 1, text.count, file)
        guard ferror(file) == 0 else {
            throw Terminal.fail("cannot read rule `\(path)`: \(String(cString: strerror(errno)))", .missing)
        }
        guard count <= bytesMax else {
            throw Terminal.fail("rule `\(path)` is larger than \(bytesMax >> 10) KiB; split it with `require`", .cannotLoad)
        }
        guard text[0] != 0x1B || count == 0 else {
            throw Terminal.fail("rule `\(path)` is compiled Lua; rules are loaded from their source text only", .cannotLoad)
        }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return RuleSource(
            name: path, folder: folder.isEmpty ? "/" : folder, text: Array(text[..<count]), api: api, onError: onError)
    }
}
