import SluiceConfig

extension ConfigurationReader {
    /// Options of `tls` that name files, of inputs and outputs.
    private static let certificateKeys = ["certificate", "key", "client_ca", "ca"]
    private static let certificateBytesMax = 1 << 20

    /// Warns of certificates that cannot be read. It refuses nothing: a running service waits for files that come later.
    func warnOfCertificates(_ values: OptionValues) {
        guard values.declares("tls"), values.isSet("tls") else { return }
        let tls = values.group("tls")
        for key in Self.certificateKeys where tls.declares(key) {
            guard let path = tls.text(key) else { continue }
            do throws(ConfigError) {
                _ = try SmallFile.read(reading.path(path), bytesMax: Self.certificateBytesMax)
            } catch {
                reading.warn(error.code, "`\(key)` of \(tls.component): \(error.message)", at: values.place(of: "tls.\(key)"))
            }
        }
    }
}
