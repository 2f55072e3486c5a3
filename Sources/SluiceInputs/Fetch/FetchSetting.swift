import SluiceComponent
import SluiceConfig
import SluiceFraming
import SluiceNetwork

/// A host that files are fetched from.
struct FetchHost: Sendable, Equatable {
    /// As it is written in configurations, with its port.
    let name: String
    /// The part of it that says which host: what `meta.peer` is.
    let peer: String
    /// Its number among the addresses of the setting.
    let index: Int
}

/// A file of a host. Each has a connection and a thread of its own.
struct FetchFile: Sendable, Equatable {
    let host: FetchHost
    /// As the host was told to serve it.
    let name: String
    /// A number that differs from file to file: the stream that keeps its order.
    let stream: UInt64

    /// What its position is kept under, and what it is called in messages.
    var key: String { host.name + " " + name }
}

/// The checked options of `type: fetch`.
package struct FetchSetting: Sendable {
    /// Files of all hosts together: each has a connection and a thread.
    static let filesMax = 1_024
    /// The port of hosts that name none.
    private static let standardPort = 19

    let decoding: DecodingSetting
    let dial: DialSetting
    let files: [FetchFile]
    let token: String?
    let heartbeatNs: Int64
    let verifies: Bool
    let includesPath: Bool
    /// Folder of the status files; nil without them.
    let statusFolder: String?
    let reconnectInitialNs: Int64
    let reconnectMaxNs: Int64

    /// The declared options.
    static let options: [OptionSpec] =
        [
            OptionSpec(
                "hosts", .texts, "hosts to fetch from: addresses with `tcp://` or `tls://`; the port is 19 when none is named",
                example: "[\"tcp://10.1.2.3:19\"]", isRequired: true),
            OptionSpec(
                "files", .texts, "files of each host, by the names that it serves them under", example: "[/var/log/messages]",
                isRequired: true),
            OptionSpec(
                "include_path", .boolean, default: "false", "put the file's name into the meta field `path`, for templates `{@path}`",
                example: "true"),
            OptionSpec(
                "token", .text, "what the hosts have to be shown (`sluice serve-files --token-file`); others know no tokens",
                example: "\"${FETCH_TOKEN}\"", isSecret: true),
            OptionSpec(
                "heartbeat", .duration(100_000_000...3_600_000_000_000), default: "1m",
                "how often hosts that have nothing to send show that they live; after two of these without a byte the connection is made anew",
                example: "30s"),
            OptionSpec(
                "verify", .boolean, default: "false",
                "ask again for the 64 bytes before the place to go on at, and compare: a file that was written anew, or has the inode of another, is then read from its start",
                example: "true"),
            OptionSpec(
                "status_dir", .text, "folder for one file of JSON per host that says how it stands: state, places, last error",
                example: "/run/sluice/hosts"),
            OptionSpec(
                "reconnect_initial", .duration(10_000_000...3_600_000_000_000), default: "1s",
                "pause after the first failed attempt; each further one doubles it", example: "5s"),
            OptionSpec(
                "reconnect_max", .duration(10_000_000...86_400_000_000_000), default: "1m", "longest pause between two attempts",
                example: "10m"),
        ] + DialSetting.options(schemes: [.tcp, .tls], example: "", isList: false).filter { $0.key != "address" }
        + DecodingSetting.options()

    /// The setting that checked options describe.
    init(_ values: OptionValues, _ setting: InputSetting) throws(ConfigError) {
        decoding = try DecodingSetting(values, zone: setting.zone)
        if SharedDecoding(decoding).readsHeader {
            throw ConfigError(
                .invalidValue,
                "input `fetch` goes on in the middle of files and does not see their first line again; name the columns with `columns` instead of `header`",
                key: "format")
        }
        if case .wide(unitBytes: _, bigEndian: nil) = decoding.charset.kind {
            throw ConfigError(
                .invalidValue,
                "input `fetch` goes on in the middle of files and does not see their byte-order mark again; write `\(decoding.charset.name)le` or `\(decoding.charset.name)be`",
                key: "charset")
        }
        dial = try DialSetting(values, schemes: [.tcp, .tls], folder: setting.folder, port: Self.standardPort, key: "hosts")
        files = try Self.files(of: try Self.hosts(dial), values.texts("files"))
        token = values.text("token")
        if let token, token.isEmpty || token.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw ConfigError(
                .invalidValue, "`token` of input `fetch` is empty or has control characters; it is sent as one line", key: "token")
        }
        heartbeatNs = values.duration("heartbeat") ?? 60_000_000_000
        verifies = values.boolean("verify")
        includesPath = values.boolean("include_path")
        statusFolder = values.text("status_dir").map { $0.hasPrefix("/") ? $0 : setting.folder + "/" + $0 }
        reconnectInitialNs = values.duration("reconnect_initial") ?? 1_000_000_000
        reconnectMaxNs = max(reconnectInitialNs, values.duration("reconnect_max") ?? 60_000_000_000)
    }

    private static func hosts(_ dial: DialSetting) throws(ConfigError) -> [FetchHost] {
        var hosts: [FetchHost] = []
        for (index, address) in dial.addresses.enumerated() {
            guard case .tcp(let peer, let port) = address.withoutTLS else { continue }
            // The name of a status file is made of these two.
            if dial.addresses[..<index].contains(where: { $0.withoutTLS == .tcp(host: peer, port: port) }) {
                throw ConfigError(.duplicate, "`\(address.text)` is named twice in `hosts` of input `fetch`", key: "hosts")
            }
            hosts.append(FetchHost(name: address.text, peer: peer, index: index))
        }
        return hosts
    }

    private static func files(of hosts: [FetchHost], _ names: [String]) throws(ConfigError) -> [FetchFile] {
        guard !names.isEmpty else {
            throw ConfigError(
                .missingOption, "`files` of input `fetch` names no file; write one, such as `/var/log/messages`", key: "files")
        }
        for (index, name) in names.enumerated() {
            guard !name.isEmpty, name.utf8.count <= 4_096, !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw ConfigError(
                    .invalidValue, "a name in `files` of input `fetch` is empty, longer than 4096 bytes or has control characters",
                    key: "files")
            }
            if names[..<index].contains(name) {
                throw ConfigError(.duplicate, "`\(name)` is named twice in `files` of input `fetch`", key: "files")
            }
        }
        let count = hosts.count * names.count
        guard count <= filesMax else {
            throw ConfigError(
                .tooLarge,
                "input `fetch` has \(count) files on \(hosts.count) hosts; each takes a connection and a thread, and \(filesMax) are allowed: use several inputs",
                key: "files")
        }
        var files: [FetchFile] = []
        for host in hosts {
            for name in names { files.append(FetchFile(host: host, name: name, stream: UInt64(files.count))) }
        }
        return files
    }
}

extension NetworkAddress {
    /// The same place without encryption.
    fileprivate var withoutTLS: NetworkAddress {
        if case .tls(let host, let port) = self { .tcp(host: host, port: port) } else { self }
    }
}
