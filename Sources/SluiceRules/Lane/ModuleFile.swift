import Glibc

/// Finds and reads what a rule requires: `require "a.b"` is `a/b.lua` below the rule's folder, and nowhere else.
enum ModuleFile {
    /// Largest source that is read.
    static let bytesMax = 1 << 20

    /// The module's text, or the reason why there is none.
    static func read(_ name: String, below folder: String) -> Result<ModuleText, ModuleError> {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
        }
        guard isPlain else {
            return .failure(ModuleError("module name `\(name)` is not of the form `a.b` (letters, digits, `_`, `-`)", path: nil))
        }
        let relative = parts.joined(separator: "/") + ".lua"
        let path = folder.isEmpty || folder == "." ? relative : folder + "/" + relative
        guard let real = realPath(path), let root = realPath(folder.isEmpty ? "." : folder) else {
            return .failure(ModuleError("module `\(name)` was not found: no file `\(relative)` in the rule's folder", path: path))
        }
        guard real.hasPrefix(root == "/" ? root : root + "/") else {
            return .failure(ModuleError("module `\(name)` is a link out of the rule's folder; it was not read", path: path))
        }
        guard let text = bytes(of: real) else {
            return .failure(ModuleError("module `\(name)` could not be read: \(String(cString: strerror(errno)))", path: path))
        }
        guard text.count <= bytesMax else {
            return .failure(ModuleError("module `\(name)` is larger than \(bytesMax >> 10) KiB; it was not read", path: path))
        }
        return .success(ModuleText(text: text, chunk: relative, path: path))
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func bytes(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while content.count <= bytesMax {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return ferror(file) == 0 ? content : nil }
            content += chunk[..<count]
        }
        return content
    }
}

/// A module as it was read.
struct ModuleText: Sendable {
    let text: [UInt8]
    /// Path below the rule's folder: what Lua calls the file.
    let chunk: String
    /// Path with the rule's folder.
    let path: String
}

/// Why a module cannot be had.
struct ModuleError: Error {
    let reason: String
    /// Where it was looked for, nil when its name is none.
    let path: String?

    init(_ reason: String, path: String?) {
        self.reason = reason
        self.path = path
    }
}
