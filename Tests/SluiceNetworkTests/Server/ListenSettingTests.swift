import SluiceConfig
import SluiceNetwork
import Testing

struct ListenSettingTests {
    typealias Options = [(key: String, value: OptionValues.Value)]

    private static func refusal(_ options: Options) -> ConfigError? {
        do throws(ConfigError) {
            _ = try RunningServer.setting(options, folder: "/etc/sluice")
            return nil
        } catch {
            return error
        }
    }

    @Test func `what is not said has its default`() throws {
        let setting = try RunningServer.setting([("listen", .text("tcp://0.0.0.0:601"))])
        #expect(setting.addresses == [.tcp(host: "0.0.0.0", port: 601)])
        #expect(setting.limits == ConnectionLimits())
        #expect(setting.limits.connectionsMax == 10_000)
        #expect(setting.limits.connectionsPerPeerMax == 1_000)
        #expect(setting.limits.idleNs == nil)
        #expect(setting.limits.stallNs == 60_000_000_000)
        #expect(setting.access.isEmpty)
        #expect(setting.rateLimit == nil)
        #expect(!setting.isBehindProxy)
        #expect(setting.ownership.mode == 0o666)
    }

    @Test func `everything can be said`() throws {
        let setting = try RunningServer.setting(
            [
                ("listen", .texts(["tls://[::]:6514", "unix:app.sock"])),
                (
                    "tls",
                    try RunningServer.tls([
                        ("certificate", .text("server.pem")), ("client_ca", .text("/ca.pem")),
                        ("permitted_names", .texts(["*.example.com"])),
                        ("min_version", .text("1.3")), ("handshake_timeout", .text("3s")),
                    ])
                ),
                ("allow", .texts(["192.0.2.7"])), ("connections_max", .text("5")), ("connections_per_peer_max", .text("2")),
                ("idle_timeout", .text("1h")), ("stall_timeout", .text("1s")), ("proxy_protocol", .text("true")),
                ("rate_limit", .text("100")), ("socket_mode", .text("0660")), ("socket_owner", .text("root")),
                ("socket_group", .text("adm")),
                ("receive_buffer", .text("1MiB")),
            ], folder: "/etc/sluice")
        #expect(setting.addresses == [.tls(host: "::", port: 6514), .unix(path: "/etc/sluice/app.sock")])
        let tls = try #require(setting.tls)
        #expect(tls.certificate == "/etc/sluice/server.pem")
        #expect(tls.key == "/etc/sluice/server.pem")
        #expect(tls.clientCA == "/ca.pem")
        #expect(tls.permittedNames.map(\.text) == ["*.example.com"])
        #expect(tls.minVersion == .v13)
        #expect(tls.handshakeNs == 3_000_000_000)
        #expect(setting.limits.connectionsMax == 5)
        #expect(setting.limits.idleNs == 3_600_000_000_000)
        #expect(setting.isBehindProxy)
        #expect(setting.ownership.mode == 0o660)
        #expect(setting.ownership.owner == "root")
        #expect(setting.receiveBufferBytes == 1 << 20)
        #expect(setting.access.allows(IPAddress("192.0.2.7")))
        #expect(!setting.access.allows(IPAddress("192.0.2.8")))
        #expect(setting.access.allows(nil))
    }

    @Test func `a server of datagrams has no options of connections`() {
        let keys = ListenSetting.options(schemes: [.udp, .unixgram], example: "udp://0.0.0.0:514").map(\.key)
        #expect(
            keys == ["listen", "allow", "rate_limit", "socket_mode", "socket_owner", "socket_group", "receive_buffer"])
    }

    @Test(
        arguments: [
            ([("listen", .texts([]))], "listen", "`listen` names no address"),
            ([("listen", .texts(["tcp://a:1", "tcp://a:1"]))], "listen", "`listen` names tcp://a:1 twice"),
            (
                [("listen", .text("tls://a:1"))], "listen",
                "tls://a:1 needs a certificate; write `tls: { certificate: server.pem, key: server.key }`"
            ),
            (
                [("listen", .text("tcp://a:1")), ("allow", .text("10.0.0.1/8"))], "allow",
                "`10.0.0.1/8` is no block of addresses for `allow`"
            ),
            (
                [("listen", .text("tcp://a:1")), ("proxy_protocol", .text("true"))], "proxy_protocol",
                "name the proxies, as in `allow: [192.0.2.10]`"
            ),
            ([("listen", .text("unix:a")), ("socket_mode", .text("0888"))], "socket_mode", "`0888` is no value for `socket_mode`"),
            ([("listen", .text("unix:a")), ("socket_mode", .text("rw"))], "socket_mode", "`rw` is no value for `socket_mode`"),
        ] as [(Options, String, String)])
    func `what cannot be meant is refused with its place`(_ options: Options, _ key: String, _ part: String) {
        let error = Self.refusal(options)
        #expect(error?.key == key)
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "nothing")")
    }

    @Test func `TLS without an address for it and names without authority are refused`() throws {
        let tls = try RunningServer.tls([("certificate", .text("a.pem"))])
        #expect(
            Self.refusal([("listen", .text("tcp://a:1")), ("tls", tls)])
                == ConfigError(
                    .invalidValue, "`tls` is for addresses that begin with `tls://` or `systemd:`, and `listen` names none", key: "tls"))
        #expect(Self.refusal([("listen", .text("systemd:logs")), ("tls", tls)]) == nil)
        let names = try RunningServer.tls([("certificate", .text("a.pem")), ("permitted_names", .text("a"))])
        #expect(Self.refusal([("listen", .text("tls://a:1")), ("tls", names)])?.key == "tls.permitted_names")
    }

    @Test func `behind a proxy on this machine nobody else can connect`() throws {
        let local: Options = [
            ("listen", .texts(["tcp://127.0.0.1:601", "tcp://[::1]:601", "tcp://localhost:602"])), ("proxy_protocol", .text("true")),
        ]
        #expect(Self.refusal(local) == nil)
    }
}
