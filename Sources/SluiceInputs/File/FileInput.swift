package import SluiceComponent
import SluiceConfig

/// Files, followed while they grow and rotate.
///
/// Promises every line of every file that fits, at least once, whatever kind of rotation: a renamed file is read to its end, a truncated one
/// again from its start, a deleted one to its end. Positions are kept by device, inode and what the file begins with, so that
/// neither a rename nor a reused inode misleads. What `copytruncate` loses between copy and truncation is lost.
///
/// `GlobWalk` lists, `FileTracker` decides, `FileWatcher` wakes, `FollowedFile` reads; `FileRun` is the loop around them.
package final class FileInput: Input {
    private let setting: FileSetting

    /// An input; opens nothing before it runs.
    package init(_ setting: FileSetting) { self.setting = setting }

    package func run(_ session: any InputSession) throws(InputError) { FileRun(setting, session).run() }
}

/// The checked configuration of ``FileInput``.
struct FilePlan: InputPlan {
    let setting: FileSetting

    func makeInput() -> any Input { FileInput(setting) }
}

extension InputCatalogue {
    /// `type: file`.
    static let file = Entry(
        kind: "file", summary: "files, followed while they grow and rotate; gzip and zstd are unpacked",
        promise: "At least once: positions are saved when every event before them was delivered, and reading goes on there after a crash.",
        options: FileSetting.options,
        example: "{ type: file, include: [\"/var/log/nginx/access*.log\"], format: combined }",
        make: { values, setting throws(ConfigError) in FilePlan(setting: try FileSetting(values, setting)) })
}
