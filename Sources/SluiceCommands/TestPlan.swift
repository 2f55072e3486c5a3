import Glibc
import SluiceRules

/// What there is to test: files of tests with their rules, and golden cases.
struct TestPlan {
    private(set) var suites: [RuleTestSuite] = []
    private(set) var cases: [GoldenCase] = []

    /// The whole rule set of a configuration; empty without one.
    let ruleSet: [RuleSource]
    /// Folder of the configuration.
    let home: String?
    private let api: RuleSource.API

    /// Depth of folders that are searched.
    private static let depthMax = 16
    /// Folders that are watched.
    private static let foldersMax = 4_096
    private static let caseFolder = "cases"

    init(ruleSet: [RuleSource], home: String?, api: RuleSource.API) {
        self.ruleSet = ruleSet
        self.home = home
        self.api = api
    }

    /// Adds what a path stands for.
    mutating func add(_ path: String) throws {
        var info = stat()
        guard stat(path, &info) == 0 else {
            throw Terminal.fail("cannot open `\(path)`: \(String(cString: strerror(errno)))", errno == EACCES ? .notPermitted : .missing)
        }
        let path = Self.trimmed(path)
        if info.st_mode & S_IFMT == S_IFDIR { return try addFolder(path, depth: 0) }
        guard path.hasSuffix(".lua") else {
            throw Terminal.fail(
                "`\(path)` is no rule, no file of tests (`…_test.lua`) and no folder; data goes into golden cases", .usage)
        }
        if path.hasSuffix(RuleTestSuite.ending) { return try addSuite(path) }
        let tests = String(path.dropLast(".lua".count)) + RuleTestSuite.ending
        if access(tests, F_OK) == 0 { try addSuite(tests) }
    }

    /// Adds the tests of the configuration's rules, and the golden cases beside it and beside them.
    mutating func addRuleSet() throws {
        for rule in ruleSet {
            guard let tests = RuleTestSuite.testPath(of: rule) else { continue }
            if access(tests, F_OK) == 0 { try addSuite(tests) }
        }
        for folder in Set([home ?? "."] + ruleSet.compactMap { $0.path.map(Self.folder) }).sorted() {
            try addCases(below: Self.join(folder, Self.caseFolder))
        }
    }

    private mutating func addFolder(_ folder: String, depth: Int) throws {
        guard depth <= Self.depthMax else { return }
        let entries = Self.entries(folder)
        if entries.contains(where: { !$0.isFolder && $0.name.hasPrefix("in.") }),
            Self.folder(of: folder).split(separator: "/").last.map(String.init) == Self.caseFolder
        {
            return try addCase(folder)
        }
        for entry in entries {
            let path = Self.join(folder, entry.name)
            if entry.isFolder, entry.name == Self.caseFolder {
                try addCases(below: path)
            } else if entry.isFolder {
                try addFolder(path, depth: depth + 1)
            } else if entry.name.hasSuffix(RuleTestSuite.ending) {
                try addSuite(path)
            }
        }
    }

    private mutating func addCases(below folder: String) throws {
        for entry in Self.entries(folder) where entry.isFolder { try addCase(Self.join(folder, entry.name)) }
    }

    private mutating func addCase(_ path: String) throws {
        guard !cases.contains(where: { $0.path == path }) else { return }
        let home = Self.folder(of: Self.folder(of: path))
        if let configured = self.home, home == configured {
            cases.append(GoldenCase(path: path, rules: ruleSet))
        } else {
            cases.append(GoldenCase(path: path, rules: try onlyRule(in: home)))
        }
    }

    /// The rule of a folder that has just one; otherwise the case has to say which.
    private func onlyRule(in folder: String) throws -> [RuleSource] {
        var rules: [RuleSource] = []
        for entry in Self.entries(folder) where !entry.isFolder {
            let path = Self.join(folder, entry.name)
            guard path.hasSuffix(".lua"), !path.hasSuffix(RuleTestSuite.ending) else { continue }
            let rule = try source(path)
            // Modules that rules require lie in the same folder.
            if rule.definesFunction { rules.append(rule) }
        }
        return rules.count == 1 ? rules : []
    }

    private mutating func addSuite(_ path: String) throws {
        guard !suites.contains(where: { $0.path == path }) else { return }
        let text = try RuleArguments.read(path, api: .sluice, onError: .deadLetter).text
        let rulePath = String(path.dropLast(RuleTestSuite.ending.count)) + ".lua"
        let rule = access(rulePath, F_OK) == 0 ? try source(rulePath) : nil
        suites.append(RuleTestSuite(path: path, text: text, rule: rule))
    }

    /// The rule at a path: as the configuration has it, or read from disk.
    private func source(_ path: String) throws -> RuleSource {
        if let known = ruleSet.first(where: { $0.path == path }) { return known }
        return try RuleArguments.read(path, api: api, onError: .deadLetter)
    }

    // MARK: - Paths

    /// A folder, or that of a file, and the folders in it, hidden ones left out.
    static func folders(below path: String) -> [String] {
        var info = stat()
        let path = trimmed(path)
        guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else { return [folder(of: path)] }
        var folders = [path]
        var index = 0
        while index < folders.count, folders.count < foldersMax {
            for entry in entries(folders[index]) where entry.isFolder { folders.append(join(folders[index], entry.name)) }
            index += 1
        }
        return folders
    }

    static func join(_ folder: String, _ name: String) -> String {
        folder == "." ? name : folder == "/" ? "/" + name : folder + "/" + name
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func trimmed(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        while path.hasPrefix("./"), path.count > 2 { path.removeFirst(2) }
        return path
    }

    /// What a folder holds, by name; hidden entries are left out and links to folders are not followed.
    private static func entries(_ folder: String) -> [(name: String, isFolder: Bool)] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var entries: [(name: String, isFolder: Bool)] = []
        while let entry = readdir(directory) {
            // SAFETY: the name is a text that ends with a zero inside of the record.
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var info = stat()
            guard !name.hasPrefix("."), lstat(join(folder, name), &info) == 0 else { continue }
            entries.append((name, info.st_mode & S_IFMT == S_IFDIR))
        }
        return entries.sorted { $0.name < $1.name }
    }
}
