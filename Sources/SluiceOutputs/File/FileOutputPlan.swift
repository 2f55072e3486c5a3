import Glibc
package import SluiceComponent
import SluiceConfig
package import SluiceEncoding
import SluiceEvent

/// A checked configuration of a file output.
package struct FileOutputPlan: OutputPlan {
    /// Name in configuration.
    package static let kind = "file"

    /// What the catalogue says about it.
    static let entry = OutputCatalogue.Entry(
        kind: kind,
        summary:
            "writes files whose paths may hold fields and times (`%Y-%m-%d/{hostname}.log`), with rotation, compression and retention; paths cannot leave the folder that the path begins with, and links below it are not followed",
        promise:
            "An event counts as delivered when the system has taken its bytes; with `sync: batch`, when they are on the disk. Records are whole in a file, also when the disk is full. After `kill -9` what was not confirmed is written again, and only a record that was just being written can be torn. Compressed files can be read up to the last commit at any time, and are finished at rotation, at the end, after `compression_flush` without events, and by the next start after a crash.",
        options: FileOptions.all,
        example: "{ type: file, path: \"archive/%Y-%m-%d/{hostname}.ndjson\" }",
        make: { values, setting throws(ConfigError) in try FileOutputPlan(values, setting) })

    package let path: PathTemplate?
    package let claims: [String]
    private let settings: FileSettings

    /// Checks the options that need each other.
    init(_ values: OptionValues, _ setting: OutputSetting) throws(ConfigError) {
        let checked = try FileOptions.check(values, setting)
        settings = checked.settings
        path = checked.path
        claims = checked.claims
    }

    package func makeOutput(_ context: OutputContext) -> any Output { makeOutput(context, system: LinuxFileSystem()) }

    /// The output on a file system of the caller's.
    package func makeOutput(_ context: OutputContext, system: any FileSystem) -> FileOutput {
        FileOutput(settings, context, system: system)
    }
}
