/// What a set of patterns finds in a file tree, and where further finds would show.
///
/// Every folder on the way is noted with the names that matter in it, so that a watch on it can tell what is worth another walk. A
/// folder that does not exist is waited for in the nearest one that does.
struct GlobWalk {
    /// What was found.
    struct Listing: Equatable, Sendable {
        /// Regular files by path.
        var files: [String: FileStatus] = [:]
        /// Folders with the patterns of names that matter in them.
        var folders: [String: Set<String>] = [:]
    }

    /// Folders below each other at most, for `**`.
    private static let depthMax = 64

    private let tree: any FileTree
    private let excludes: [Exclude]
    private var listing = Listing()
    /// Folders that `**` is in, so that links do not lead in circles.
    private var entered: Set<Inode> = []

    private enum Exclude {
        case path(GlobPattern)
        case name(String)
    }

    /// The files that fit a pattern and no exclusion; one without `/` is about names wherever they are.
    static func list(_ patterns: [GlobPattern], excluding excludes: [String], folder: String, in tree: any FileTree) -> Listing {
        let excludes = excludes.map { $0.contains("/") ? Exclude.path(GlobPattern($0, folder: folder)) : .name($0) }
        var walk = GlobWalk(tree: tree, excludes: excludes)
        for pattern in patterns {
            walk.entered = []
            walk.enter("/", pattern.components[...], depth: 0)
        }
        return walk.listing
    }

    private init(tree: any FileTree, excludes: [Exclude]) {
        self.tree = tree
        self.excludes = excludes
    }

    private mutating func enter(_ folder: String, _ components: ArraySlice<GlobPattern.Component>, depth: Int) {
        guard let component = components.first, depth <= Self.depthMax else { return }
        let rest = components.dropFirst()
        switch component {
        case .name(let name):
            listing.folders[folder, default: []].insert(GlobPattern.escaped(name))
            take(name, in: folder, rest, depth)
        case .wild(let pattern):
            listing.folders[folder, default: []].insert(pattern)
            for name in tree.names(in: folder) ?? [] where GlobPattern.matches(name: name, pattern) {
                take(name, in: folder, rest, depth)
            }
        case .anyDepth:
            guard let status = tree.status(of: folder), entered.insert(status.inode).inserted else { return }
            enter(folder, rest, depth: depth)
            listing.folders[folder, default: []].insert("*")
            for name in tree.names(in: folder) ?? [] where !name.hasPrefix(".") {
                let path = Self.path(name, in: folder)
                if tree.status(of: path)?.kind == .folder { enter(path, components, depth: depth + 1) }
            }
        }
    }

    private mutating func take(_ name: String, in folder: String, _ rest: ArraySlice<GlobPattern.Component>, _ depth: Int) {
        let path = Self.path(name, in: folder)
        guard let status = tree.status(of: path) else { return }
        if rest.isEmpty {
            if status.kind == .file, !isExcluded(path, name) { listing.files[path] = status }
        } else if status.kind == .folder {
            enter(path, rest, depth: depth + 1)
        }
    }

    private func isExcluded(_ path: String, _ name: String) -> Bool {
        excludes.contains { exclude in
            switch exclude {
            case .path(let pattern): pattern.matches(path)
            case .name(let pattern): GlobPattern.matches(name: name, pattern)
            }
        }
    }

    private static func path(_ name: String, in folder: String) -> String { folder == "/" ? "/" + name : folder + "/" + name }
}

extension GlobPattern {
    /// A pattern that only this name fits.
    static func escaped(_ name: String) -> String {
        name.contains { "*?[\\".contains($0) } ? String(name.flatMap { "*?[\\".contains($0) ? ["\\", $0] : [$0] }) : name
    }
}
