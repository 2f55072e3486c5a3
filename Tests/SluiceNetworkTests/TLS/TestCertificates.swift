import SluiceConfig
import SluiceNetwork

/// Certificates that the `openssl` program makes in a fresh folder: an authority `ca.pem` and what it signs.
struct TestCertificates {
    let folder = NetworkFolder()

    /// The authority alone.
    init() { makeAuthority("ca") }

    /// An authority: `NAME.pem` and `NAME.key`.
    func makeAuthority(_ name: String) {
        folder.openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "\(name).key", "-out",
            "\(name).pem", "-subj", "/CN=Test authority \(name)", "-days", "30")
    }

    /// A certificate that an authority has signed: `NAME.pem` and `NAME.key`. `names` are alternative ones (`DNS:…`, `IP:…`).
    func make(_ name: String, common: String, names: String? = nil, by authority: String = "ca") {
        let alternative = names.map { ["-addext", "subjectAltName=\($0)"] } ?? []
        let arguments =
            [
                "req", "-utf8", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "\(name).key",
                "-out",
                "\(name).pem", "-subj", "/CN=\(common)", "-CA", "\(authority).pem", "-CAkey", "\(authority).key", "-days", "30", "-addext",
                "basicConstraints=critical,CA:FALSE",
            ] + alternative
        folder.openssl(arguments)
    }

    /// One of other days, which `req` cannot make.
    func make(_ name: String, common: String, from: String, to: String) {
        folder.write(
            "ca.conf",
            """
            [ca]
            default_ca=d
            [d]
            database=index.txt
            new_certs_dir=.
            default_md=sha256
            policy=p
            rand_serial=yes
            unique_subject=no
            [p]
            commonName=supplied

            """)
        folder.write("index.txt", "")
        folder.openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "\(name).key", "-out",
            "\(name).csr", "-subj", "/CN=\(common)")
        folder.openssl(
            "ca", "-config", "ca.conf", "-batch", "-notext", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", "\(name).csr", "-startdate",
            from, "-enddate", to, "-out", "\(name).pem")
    }

    /// A server of TLS on this machine, with options of `tls` beside certificate and key.
    func server(
        _ tls: [(key: String, value: OptionValues.Value)] = [], _ more: [(key: String, value: OptionValues.Value)] = []
    ) throws -> RunningServer {
        let files: [(key: String, value: OptionValues.Value)] = [("certificate", .text("server.pem")), ("key", .text("server.key"))]
        return try RunningServer(
            [("listen", .text("tls://127.0.0.1:0")), ("tls", try RunningServer.tls(files + tls))] + more, folder: folder.path)
    }

    /// The setting of such a server.
    func setting(_ tls: [(key: String, value: OptionValues.Value)] = []) throws -> TLSSetting {
        let files: [(key: String, value: OptionValues.Value)] = [("certificate", .text("server.pem")), ("key", .text("server.key"))]
        guard case .group(let values) = try RunningServer.tls(files + tls) else { preconditionFailure("no group") }
        return try TLSSetting(values, folder: folder.path)
    }
}
