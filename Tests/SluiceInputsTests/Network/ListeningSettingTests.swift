import SluiceConfig
import SluiceEvent
import SluiceFraming
import SluiceNetwork
import Testing

@testable import SluiceInputs

@Suite struct ListeningSettingTests {
    func setting(
        _ kind: ListeningKind, _ options: [(key: String, value: OptionValues.Value)] = [], listen: String? = nil
    ) throws(ConfigError) -> ListeningSetting {
        let address = listen ?? (kind == .udp ? "udp://127.0.0.1:5140" : kind == .unix ? "unix:/x" : "tcp://127.0.0.1:5140")
        let values = try OptionValues(
            [("listen", .text(address))] + options, of: kind.options, component: "input `\(kind.rawValue)`")
        return try ListeningSetting(values, kind: kind, InputSetting(name: "x", folder: "/f", zone: .utc))
    }

    func fault(_ kind: ListeningKind, _ options: [(key: String, value: OptionValues.Value)] = [], listen: String? = nil) -> String? {
        do throws(ConfigError) {
            _ = try setting(kind, options, listen: listen)
            return nil
        } catch {
            return error.message
        }
    }

    @Test func `syslog has ports, a framing and a format of its own`() throws {
        let udp = try setting(.syslog, listen: "udp://[::]")
        #expect(udp.listen.addresses == [.udp(host: "::", port: 514)])
        #expect(udp.fillsFields && udp.decodings.count == 1 && udp.decodings[0].frameBytesMax == 64 << 10)
        #expect(udp.decodings[0].formatName == "syslog" && udp.decodings[0].framer() is AutoFramer)
        #expect(udp.decodings[0].framingOptions.trailers == [0x0A, 0])
        #expect(try setting(.syslog, [("fill", .text("none"))]).fillsFields == false)
        #expect(fault(.tcp, listen: "tcp://127.0.0.1") != nil)
    }

    @Test func `the others read lines and never fill`() throws {
        for kind in [ListeningKind.tcp, .udp, .unix] {
            let setting = try setting(kind)
            #expect(!setting.fillsFields && setting.decodings[0].framer() is NewlineFramer)
            #expect(setting.decodings[0].formatName == "auto" && setting.decodings[0].framingOptions.trailers == [0x0A])
            #expect(fault(kind, [("fill", .text("none"))])?.hasPrefix("unknown option `fill`") == true)
        }
        #expect(try setting(.tcp, [("framing", .text("auto"))]).decodings[0].framer() is AutoFramer)
    }

    @Test func `multiline joins lines also where framing would be automatic`() throws {
        #expect(try setting(.syslog, [("multiline", .text("java"))]).decodings[0].framer() is MultilineFramer)
        #expect(
            fault(.syslog, [("multiline", .text("java")), ("framing", .text("octet"))])
                == "`multiline` joins lines: it goes with `framing newline`, not with `octet`")
    }

    @Test func `the first override that a peer lies in counts`() throws {
        let setting = try setting(
            .syslog,
            [
                (
                    "peers",
                    .texts(["10.0.0.0/8 timezone=Europe/Berlin", "10.1.0.0/16 charset=gbk", "2001:db8::/32  charset=latin1 format=json"])
                )
            ])
        #expect(setting.decodings.map(\.zone.name) == ["UTC", "Europe/Berlin", "UTC", "UTC"])
        #expect(setting.decodings.map(\.formatName) == ["syslog", "syslog", "syslog", "json"])
        #expect(setting.decodings[2].charset.flag == .charsetGbk && setting.decodings[3].charset.flag == .charsetLatin1)
        #expect(setting.decodingIndex(of: IPAddress("10.1.2.3")) == 1)
        #expect(setting.decodingIndex(of: IPAddress("2001:db8::5")) == 3)
        #expect(setting.decodingIndex(of: IPAddress("192.0.2.1")) == 0)
        #expect(setting.decodingIndex(of: nil) == 0)
    }

    @Test(arguments: [
        ("timezone=UTC", "`timezone=UTC` of `peers` does not begin with a block of addresses such as `10.1.0.0/16` or `2001:db8::1`"),
        ("10.0.0.1", "`10.0.0.1` of `peers` says nothing of these peers; add `timezone=`, `charset=` or `format=`"),
        ("10.0.0.1 charset", "`10.0.0.1 charset` of `peers` gives `charset` no value; write `charset=VALUE`"),
        ("10.0.0.1 charset=", "`10.0.0.1 charset=` of `peers` gives `charset` no value; write `charset=VALUE`"),
        ("10.0.0.1 charset=gbk charset=gbk", "`10.0.0.1 charset=gbk charset=gbk` of `peers` gives `charset` twice"),
        (
            "10.0.0.1 zone=UTC",
            "unknown setting `zone` of `10.0.0.1 zone=UTC` in `peers`; known: timezone, charset, format"
        ),
        (
            "10.0.0.1 timezone=Mars",
            "`10.0.0.1 timezone=Mars` of `peers`: unknown zone `Mars` for `timezone`; it takes names such as `Europe/Berlin`, `UTC` or `+02:00`"
        ),
    ]) func `an override that cannot be read is told`(_ text: String, _ message: String) {
        #expect(fault(.syslog, [("peers", .text(text))]) == message)
    }

    @Test func `a kind listens where it makes sense`() {
        #expect(fault(.tcp, listen: "udp://127.0.0.1:1") != nil)
        #expect(fault(.udp, listen: "tcp://127.0.0.1:1") != nil)
        #expect(fault(.unix, listen: "tcp://127.0.0.1:1") != nil)
        #expect(fault(.unix, listen: "unixgram:a.sock") == nil)
        #expect(fault(.syslog, listen: "http://127.0.0.1:1") != nil)
    }
}
