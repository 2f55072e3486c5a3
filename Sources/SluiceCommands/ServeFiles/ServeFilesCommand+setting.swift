import Glibc
import SluiceConfig
import SluiceInputs
import SluiceNetwork

extension ServeFilesCommand {
    /// Bytes of a token at most.
    private static let tokenBytesMax = 1_024
    /// Between `10ms` and `24h`, as for the options of inputs.
    private static let times: ClosedRange<Int64> = 10_000_000...86_400_000_000_000

    /// What the arguments say, checked; ends the program with what is wrong.
    func makeSetting() throws -> FileServerSetting {
        do throws(ConfigError) {
            return try checkedSetting()
        } catch {
            if error.code == .unreadable { throw Terminal.fail(error.message, hasForbiddenFile ? .notPermitted : .missing) }
            throw Terminal.fail(Self.inWordsOfTheCommandLine(error.message), .usage)
        }
    }

    /// Files of secrets and certificates.
    private var namedFiles: [String] { [tokenFile, tlsCertificate, tlsKey, tlsClientCa].compactMap { $0 } }

    private var hasForbiddenFile: Bool { namedFiles.contains { access($0, F_OK) == 0 && access($0, R_OK) != 0 } }

    private func checkedSetting() throws(ConfigError) -> FileServerSetting {
        guard tlsCertificate != nil || (tlsKey == nil && tlsClientCa == nil) else {
            throw ConfigError(.missingOption, "`--tls-key` and `--tls-client-ca` go with `--tls-certificate`, which is missing")
        }
        if tlsCertificate == nil, let address = listen.first(where: { $0.hasPrefix("tls:") }) {
            throw ConfigError(
                .missingOption, "`\(address)` needs a certificate; add `--tls-certificate server.pem --tls-key server.key`")
        }
        for path in namedFiles where access(path, R_OK) != 0 {
            throw ConfigError(.unreadable, "cannot read `\(path)`: \(String(cString: strerror(errno)))")
        }
        let folder = workingFolder
        var served: [ServedFile] = []
        for text in files {
            let file = try ServedFile(text, folder: folder)
            guard !served.contains(where: { $0.name == file.name }) else {
                throw ConfigError(.duplicate, "`\(file.name)` is named twice; each file has one glob")
            }
            served.append(file)
        }
        var setting = FileServerSetting(files: served, listen: try listenSetting(folder))
        setting.heartbeatNs = try Self.time(heartbeat, "--heartbeat")
        setting.rotateWaitNs = try Self.time(rotateWait, "--rotate-wait")
        setting.token = try tokenFile.map { path throws(ConfigError) in try Self.token(path) }
        return setting
    }

    private func listenSetting(_ folder: String) throws(ConfigError) -> ListenSetting {
        let schemes: [NetworkAddress.Scheme] = [.tcp, .tls]
        let specs = ListenSetting.options(schemes: schemes, example: "tcp://0.0.0.0:19")
        var tls: [(key: String, value: OptionValues.Value)] = []
        if let tlsCertificate { tls.append(("certificate", .text(tlsCertificate))) }
        if let tlsKey { tls.append(("key", .text(tlsKey))) }
        if let tlsClientCa { tls.append(("client_ca", .text(tlsClientCa))) }
        var addresses = listen
        // Who names a certificate wants nothing in the clear, unless another address asks for TLS by itself.
        if !tls.isEmpty, !listen.contains(where: { $0.hasPrefix("tls:") }) {
            addresses = listen.map { $0.hasPrefix("tcp:") ? "tls:" + $0.dropFirst(4) : $0 }
        }
        var values: [(key: String, value: OptionValues.Value)] = [
            ("listen", .texts(addresses)), ("allow", .texts(allow)), ("connections_max", .text(String(maxConnections))),
            ("connections_per_peer_max", .text(String(maxConnections))),
        ]
        if !tls.isEmpty, case .group(let members)? = specs.first(where: { $0.key == "tls" })?.kind {
            values.append(("tls", .group(try OptionValues(tls, of: members, component: "`--tls-…`"))))
        }
        let checked = try OptionValues(values, of: specs, component: "`serve-files`")
        let setting = try ListenSetting(checked, schemes: schemes, folder: folder, port: 19)
        for address in setting.addresses where allow.isEmpty && !address.isLoopback {
            throw ConfigError(
                .missingOption,
                "other machines reach `\(address.text)`, and nothing says which of them may read; add `--allow 10.0.0.0/8`, or whatever block the collector is in"
            )
        }
        return setting
    }

    /// Messages of the options that inputs have too name them as a configuration does.
    private static func inWordsOfTheCommandLine(_ message: String) -> String {
        let names = [
            ("connections_max", "--max-connections"), ("tls.certificate", "--tls-certificate"), ("tls.key", "--tls-key"),
            ("tls.client_ca", "--tls-client-ca"), ("listen", "--listen"), ("allow", "--allow"), ("certificate", "--tls-certificate"),
        ]
        return names.reduce(message) { $0.replacing("`\($1.0)`", with: "`\($1.1)`") }
    }

    private static func time(_ text: String, _ option: String) throws(ConfigError) -> Int64 {
        guard let time = OptionValues.duration(text), times.contains(time) else {
            throw ConfigError(.invalidValue, "`\(text)` is no value for `\(option)`; it takes `10ms` to `24h`")
        }
        return time
    }

    private static func token(_ path: String) throws(ConfigError) -> String {
        let bytes = try SmallFile.read(path, bytesMax: tokenBytesMax)
        var token = String(decoding: bytes, as: UTF8.self)
        while token.hasSuffix("\n") || token.hasSuffix("\r") || token.hasSuffix("\r\n") { token.removeLast() }
        guard !token.isEmpty, !token.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw ConfigError(.invalidValue, "`\(path)` has to hold one line of printable text: the token")
        }
        return token
    }

    private var workingFolder: String {
        guard let working = getcwd(nil, 0) else { return "." }
        defer { free(working) }
        return String(cString: working)
    }
}

extension NetworkAddress {
    /// Whether only this machine reaches it.
    fileprivate var isLoopback: Bool { host == "localhost" || host.flatMap { IPAddress($0) }?.isLoopback ?? false }
}
