package import SluiceComponent
import SluiceConfig

/// Files of other hosts, fetched over one TCP or TLS connection each: pull mode.
///
/// The line protocol is that of fetchlogs: `FILE[ INODE OFFSET]`, answered by `S INODE` and the file's bytes as it grows. A host closes the
/// connection when the file was rotated; asked again with the old inode it goes on with the next younger file, so that a rotation loses
/// nothing. Positions are kept by host and file, with the inode and the offset of the first byte that is in no event.
///
/// `FetchProtocol` is one connection (pure), `FetchStream` makes events of a file's bytes, `FetchWorker` connects the two on a
/// thread of its own for each file, `FetchStatusBook` knows how all hosts stand. `Serve` is the host side.
package final class FetchInput: Input {
    private let setting: FetchSetting

    /// An input; opens nothing before it runs.
    package init(_ setting: FetchSetting) { self.setting = setting }

    package func run(_ session: any InputSession) throws(InputError) { FetchRun(setting, session).run() }
}

/// The checked configuration of ``FetchInput``.
struct FetchPlan: InputPlan {
    let setting: FetchSetting

    func makeInput() -> any Input { FetchInput(setting) }
}

extension InputCatalogue {
    /// `type: fetch`.
    static let fetch = Entry(
        kind: "fetch", summary: "files of other hosts, fetched while they grow and rotate (pull mode; the host runs `sluice serve-files`)",
        promise:
            "At least once: positions are saved when every event before them was delivered, and fetching goes on there after a crash. A rotated file is read to its end as long as the host keeps it.",
        options: FetchSetting.options,
        example: "{ type: fetch, hosts: [\"tcp://10.1.2.3:19\"], files: [/var/log/messages] }",
        make: { values, setting throws(ConfigError) in FetchPlan(setting: try FetchSetting(values, setting)) })
}
