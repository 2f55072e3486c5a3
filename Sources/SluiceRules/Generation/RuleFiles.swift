/// The files that rules take modules and lookup tables from while they load, and what was read of them.
///
/// The disk is read once, when a generation is checked. Its lanes get what was read then, so all of them run the same rules,
/// adopting a generation cannot fail for what has become of a file since, and no large table is parsed in a lane.
package struct RuleFiles: Sendable {
    /// A file that a rule asked for.
    package struct Request: Sendable, Hashable {
        /// Path as the rule's folder and the name in the rule make it.
        package let path: String
        /// Whether it could be read; one that could not is a reason to load again as soon as it is there.
        package let isRead: Bool
    }

    /// A lookup function with what makes its answer.
    struct TableKey: Sendable, Hashable {
        let function: String
        let path: String
        let options: [String?]
    }

    /// What a lookup function made of a file.
    enum Table: Sendable {
        /// JSON text of an object or array.
        case json([UInt8])
        case networks(NetworkTable)
        /// Why there is none.
        case fault(String)
    }

    private struct Entry: Sendable {
        let table: Table
        let identity: FileIdentity?
    }

    /// Files asked for, in order and once each.
    package private(set) var requests: [Request] = []
    /// Whether everything was read that there is: the disk is not looked at any more.
    private(set) var isSealed = false

    private var modules: [String: Result<ModuleText, ModuleError>] = [:]
    private var tables: [TableKey: Entry] = [:]
    private var earlier: [TableKey: Entry] = [:]

    /// Nothing read yet; tables that were made for `generation` are taken over when their files are the same.
    init(after generation: RuleFiles? = nil) { earlier = generation?.tables ?? [:] }

    /// Bytes of the tables as JSON text.
    package var tableBytes: Int {
        tables.values.reduce(0) { if case .json(let text) = $1.table { $0 + text.count } else { $0 } }
    }

    /// The same files with nothing more to read.
    func sealed() -> RuleFiles {
        var copy = self
        copy.isSealed = true
        copy.earlier = [:]
        return copy
    }

    // MARK: - Modules

    /// The module that a rule in `folder` requires.
    mutating func module(_ name: String, below folder: String) -> Result<ModuleText, ModuleError> {
        let key = folder + "\0" + name
        if let known = modules[key] { return known }
        guard !isSealed else {
            return .failure(ModuleError("module `\(name)` was not required when the rules were checked", path: nil))
        }
        let answer = ModuleFile.read(name, below: folder)
        modules[key] = answer
        switch answer {
        case .success(let module): note(module.path, isRead: true)
        case .failure(let error): if let path = error.path { note(path, isRead: false) }
        }
        return answer
    }

    /// Source text of the module that Lua shows under this name.
    func source(ofChunk chunk: String) -> [UInt8]? {
        for case .success(let module) in modules.values where module.chunk == chunk { return module.text }
        return nil
    }

    // MARK: - Tables

    /// The answer of a lookup function: what is known, or what `make` makes of the file's bytes.
    mutating func table(
        _ key: TableKey, of name: String, in folder: LookupFolder, _ make: ([UInt8]) -> Table
    ) -> Table {
        if isSealed {
            return tables[key]?.table ?? .fault("\(key.function): `\(name)` was not read when the rules were checked")
        }
        let known = earlier[key]
        var identity: FileIdentity?
        var answer: Table
        do throws(LookupFolder.Fault) {
            let content = try folder.read(name, for: key.function, unless: known?.identity)
            identity = content.identity
            if let bytes = content.bytes { answer = make(bytes) } else { answer = known?.table ?? .fault("") }
            note(key.path, isRead: true)
        } catch {
            answer = .fault(error.message)
            if !error.isOutside { note(key.path, isRead: false) }
        }
        tables[key] = Entry(table: answer, identity: identity)
        return answer
    }

    private mutating func note(_ path: String, isRead: Bool) {
        let request = Request(path: path, isRead: isRead)
        if !requests.contains(request) { requests.append(request) }
    }
}

/// What tells one version of a file from another without reading it.
struct FileIdentity: Sendable, Hashable {
    let device: UInt64
    let inode: UInt64
    let bytes: Int64
    let modified: Int64
    let changed: Int64
}
