package import SluiceConfig

/// A file that a host lets others read, and where it goes when it is rotated: `FILE[=ROTATED-GLOB]`.
///
/// Readers ask for it by the name that the operator gave. Names are compared and never opened as they come: nothing else can be read.
package struct ServedFile: Sendable, Equatable {
    /// What readers ask for.
    package let name: String
    /// Where it is; links are followed, because the operator has named it.
    let path: String
    /// Folder of its rotated files, without wildcards.
    let rotatedFolder: String
    /// Which names in that folder are rotated files.
    let rotatedPattern: String

    /// Reads the argument of a command line. A relative name begins at `folder`; a glob without `/` is about names beside the file.
    package init(_ text: String, folder: String) throws(ConfigError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        name = parts[0]
        guard !name.isEmpty, name.utf8.count <= 4_096, !name.hasSuffix("/"), !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw ConfigError(.invalidValue, "`\(text)` names no file to serve; write `FILE` or `FILE=ROTATED-GLOB`")
        }
        path = Self.absolute(name, folder)
        let place = Self.split(path)
        guard parts.count > 1 else {
            rotatedFolder = place.folder
            rotatedPattern = GlobPattern.escaped(place.name) + ".*[0-9]"
            return
        }
        let rotated = Self.split(Self.absolute(parts[1], place.folder))
        guard !rotated.name.isEmpty, !rotated.folder.contains(where: { "*?[\\".contains($0) }) else {
            throw ConfigError(
                .invalidValue,
                "`\(parts[1])` is no glob for rotated files of `\(name)`; it is a name with wildcards such as `\(place.name)-*[0-9]`, in a folder without any"
            )
        }
        rotatedFolder = rotated.folder
        rotatedPattern = rotated.name
    }

    private static func absolute(_ path: String, _ folder: String) -> String { path.hasPrefix("/") ? path : folder + "/" + path }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}
