import SluiceComponent
import SluiceConfig
import SluiceEvent
import Testing

@testable import SluiceInputs

/// A file system in memory: paths of files; a folder is what has something in it, or ends in `/`.
struct FakeFileTree: FileTree {
    var paths: [String]
    /// Other names of folders.
    var links: [String: String] = [:]

    private func resolved(_ path: String) -> String {
        for (link, target) in links where path == link || path.hasPrefix(link + "/") {
            return resolved(target + path.dropFirst(link.count))
        }
        return path
    }

    func names(in folder: String) -> [String]? {
        let folder = resolved(folder)
        let prefix = folder == "/" ? "/" : folder + "/"
        let all = (paths + links.keys).filter { $0.hasPrefix(prefix) && $0.count > prefix.count }
        guard status(of: folder)?.kind == .folder else { return nil }
        return Array(Set(all.map { String($0.dropFirst(prefix.count).prefix { $0 != "/" }) })).sorted()
    }

    func status(of path: String) -> FileStatus? {
        let path = resolved(path)
        let inode = Inode(device: 1, number: UInt64(truncatingIfNeeded: path.hashValue))
        if paths.contains(path) { return FileStatus(inode: inode, kind: .file) }
        let isFolder = path == "/" || paths.contains { $0.hasPrefix(path + "/") }
        return isFolder ? FileStatus(inode: inode, kind: .folder) : nil
    }
}

@Suite struct GlobTests {
    let tree = FakeFileTree(
        paths: [
            "/var/log/a.log", "/var/log/b.log", "/var/log/.hidden.log", "/var/log/a.log.gz", "/var/log/app/x.log",
            "/var/log/app/deep/er/y.log", "/var/log/old/",
        ],
        links: ["/var/log/app/deep/loop": "/var/log/app"])

    func list(_ patterns: [String], excluding: [String] = []) -> GlobWalk.Listing {
        GlobWalk.list(patterns.map { GlobPattern($0, folder: "/var") }, excluding: excluding, folder: "/var", in: tree)
    }

    @Test func `wildcards find names and leave hidden ones alone`() {
        #expect(list(["/var/log/*.log"]).files.keys.sorted() == ["/var/log/a.log", "/var/log/b.log"])
        #expect(list(["/var/log/[b-z].lo?"]).files.keys.sorted() == ["/var/log/b.log"])
        #expect(list(["/var/log/.*.log"]).files.keys.sorted() == ["/var/log/.hidden.log"])
    }

    @Test func `a relative pattern begins at the configuration's folder`() {
        #expect(list(["log/./a.log"]).files.keys.sorted() == ["/var/log/a.log"])
    }

    @Test func `two stars are any folders and links do not lead in circles`() {
        let files = ["/var/log/a.log", "/var/log/app/deep/er/y.log", "/var/log/app/x.log", "/var/log/b.log"]
        #expect(list(["/var/**/*.log"]).files.keys.sorted() == files)
        #expect(list(["/var/log/app/**"]).files.keys.sorted() == ["/var/log/app/deep/er/y.log", "/var/log/app/x.log"])
    }

    @Test func `exclusions are names or paths`() {
        #expect(list(["/var/log/a*"], excluding: ["*.gz"]).files.keys.sorted() == ["/var/log/a.log"])
        #expect(list(["/var/log/*.log"], excluding: ["log/a.*"]).files.keys.sorted() == ["/var/log/b.log"])
        #expect(list(["/var/**/*.log"], excluding: ["/var/log/app/**"]).files.keys.sorted() == ["/var/log/a.log", "/var/log/b.log"])
    }

    @Test func `every folder on the way is watched for the names that matter in it`() {
        #expect(list(["/var/log/*.log"]).folders == ["/": ["var"], "/var": ["log"], "/var/log": ["*.log"]])
    }

    @Test func `what does not exist is waited for in the nearest folder that does`() {
        #expect(list(["/var/none/deeper/*.log"]).folders == ["/": ["var"], "/var": ["none"]])
    }

    @Test func `a name that looks like a pattern is only itself`() {
        #expect(GlobPattern.escaped("a[1]*") == "a\\[1]\\*")
        #expect(GlobPattern.matches(name: "a[1]*", GlobPattern.escaped("a[1]*")))
        #expect(!GlobPattern.matches(name: "a1x", GlobPattern.escaped("a[1]*")))
    }
}
