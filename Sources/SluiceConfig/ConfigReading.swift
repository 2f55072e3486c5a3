import Glibc

/// One reading of a configuration: what it may ask for, and what it has found so far.
package final class ConfigReading {
    /// Largest configuration file, in bytes.
    package static let fileBytesMax = 1 << 20
    /// Largest file of a secret, in bytes.
    package static let secretBytesMax = 64 << 10
    /// Problems after which no more are noted.
    package static let problemsMax = 100

    /// Every file that was read or looked for, in order: what has to be watched.
    package private(set) var files: [String] = []
    /// Folder that relative paths begin at.
    package let folder: String
    /// The value of an environment variable.
    package let variable: (String) -> String?
    /// Names of options whose values must not be shown wherever they stand.
    var secretKeys: [String] = []
    private var secrets: [Int: [Range<Int>]] = [:]
    private var pending: [(code: ConfigError.Code, message: String, place: ConfigPlace?, isWarning: Bool)] = []

    /// A reading; `variable` answers the value of an environment variable.
    package init(folder: String, variable: @escaping (String) -> String? = ConfigReading.environment) {
        self.folder = folder
        self.variable = variable
    }

    /// The variable of the process's environment.
    package static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Whether something was found that refuses the configuration.
    package var isRefused: Bool { pending.contains { !$0.isWarning } }

    /// How many problems were noted, warnings included.
    package var count: Int { pending.count }

    /// Notes a problem.
    package func refuse(_ code: ConfigError.Code, _ message: String, at place: ConfigPlace?) {
        note((code, message, place, false))
    }

    /// Notes what should be looked at but refuses nothing.
    package func warn(_ code: ConfigError.Code, _ message: String, at place: ConfigPlace?) {
        note((code, message, place, true))
    }

    private func note(_ problem: (code: ConfigError.Code, message: String, place: ConfigPlace?, isWarning: Bool)) {
        guard pending.count < Self.problemsMax else { return }
        if pending.contains(where: { $0.message == problem.message && $0.place == problem.place }) { return }
        pending.append(problem)
    }

    /// The problems with their excerpts, in the order of the file. Secrets that were noted by now are hidden in all of them, and
    /// what stands behind a secret's key in places that nobody came to look at, such as a component of an unknown kind.
    package func finish() -> [ConfigProblem] {
        ConfigProblems.ordered(
            pending.map { problem in
                let hidden = problem.place.map { (secrets[$0.line] ?? []) + unread(in: $0) } ?? []
                return ConfigProblem(problem.code, problem.message, at: problem.place, isWarning: problem.isWarning, hiding: hidden)
            })
    }

    private func unread(in place: ConfigPlace) -> [Range<Int>] {
        guard place.line <= place.source.lines.count else { return [] }
        return SecretText.ranges(in: Array(place.source.lines[place.line - 1].unicodeScalars), keys: secretKeys)
    }

    /// Notes that a value must not be shown.
    package func hide(_ node: ConfigNode) {
        let place = node.place
        guard place.line <= place.source.lines.count else { return }
        let line = Array(place.source.lines[place.line - 1].unicodeScalars)
        var end = line.count
        if case .scalar(let text, let isQuoted) = node.content {
            let plain = Array(text.unicodeScalars)
            if isQuoted {
                end = SecretText.end(ofQuoted: line, from: place.column - 1)
            } else if line.dropFirst(place.column - 1).starts(with: plain) {
                end = place.column - 1 + plain.count
            }
        }
        secrets[place.line, default: []].append(place.column..<max(end, place.column) + 1)
    }

    /// Notes that everything behind a secret's key in a line must not be shown: the line is no YAML, so its end is not known.
    func hideBehindSecrets(in place: ConfigPlace) {
        guard place.line <= place.source.lines.count else { return }
        let line = Array(place.source.lines[place.line - 1].unicodeScalars)
        guard let start = SecretText.ranges(in: line, keys: secretKeys).first?.lowerBound else { return }
        secrets[place.line, default: []].append(start..<max(start, line.count) + 1)
    }

    /// The path as it is opened: relative ones begin at the configuration's folder.
    package func path(_ path: String) -> String {
        path.hasPrefix("/") || folder.isEmpty || folder == "." ? path : folder + (folder.hasSuffix("/") ? "" : "/") + path
    }

    /// A text with `${NAME}` and `${NAME:-default}` replaced; problems are noted at `place`.
    package func expanded(_ text: String, at place: ConfigPlace?) -> String? {
        do throws(ConfigError) {
            return try EnvironmentText.expanded(text, variable)
        } catch {
            refuse(error.code, error.message, at: place)
            return nil
        }
    }

    /// The bytes of a file, which is noted as read.
    package func read(_ path: String, bytesMax: Int) throws(ConfigError) -> [UInt8] {
        if !files.contains(path) { files.append(path) }
        return try SmallFile.read(path, bytesMax: bytesMax)
    }
}
