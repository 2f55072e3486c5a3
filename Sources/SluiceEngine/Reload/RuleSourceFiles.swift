import Glibc
import SluiceAdmin
import SluiceComponent
import SluiceConfig
import SluiceRules

/// Reads the files of configured rules.
enum RuleSourceFiles {
    /// Bytes of one rule.
    static let bytesMax = 4 << 20

    /// The sources in the order of the configuration, or a problem for each file that cannot be read.
    static func read(_ rules: [RuleConfiguration]) -> (sources: [RuleSource], problems: [ReloadVerdict.Problem]) {
        var sources: [RuleSource] = []
        var problems: [ReloadVerdict.Problem] = []
        for rule in rules {
            switch bytes(of: rule.path) {
            case .success(let text): sources.append(source(rule, text))
            case .failure(let fault):
                problems.append(
                    ReloadVerdict.Problem(
                        step: .compile, place: rule.place.text, message: "rule `\(rule.name)`: cannot read `\(rule.file)`: \(fault.reason)")
                )
            }
        }
        return (sources, problems)
    }

    /// A configured rule with its text.
    static func source(_ rule: RuleConfiguration, _ text: [UInt8]) -> RuleSource {
        RuleSource(
            name: rule.name, folder: folder(of: rule.path), text: text, api: rule.api, onError: rule.onError, inputs: rule.inputs,
            path: rule.path)
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Why a file cannot be read.
    struct Fault: Error {
        let reason: String
    }

    static func bytes(of path: String) -> Result<[UInt8], Fault> {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(Fault(reason: String(cString: strerror(errno)))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &room, room.count)
            if count == 0 { return .success(bytes) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return .failure(Fault(reason: String(cString: strerror(errno)))) }
            bytes += room[..<count]
            guard bytes.count <= bytesMax else {
                return .failure(Fault(reason: "it is longer than the \(bytesMax >> 20) MiB that a rule may have"))
            }
        }
    }
}
