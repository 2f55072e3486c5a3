package import SluiceComponent
package import SluiceConfig
import SluiceEvent
import SluiceFraming
package import SluiceNetwork

/// The checked options of `type: syslog`, `tcp`, `udp` and `unix`.
package struct ListeningSetting: Sendable {
    package let kind: ListeningKind
    /// Addresses, limits, certificates.
    package let listen: ListenSetting
    /// How bytes become events: at first that of all peers without an override, then one for each override.
    package let decodings: [DecodingSetting]
    /// Whether a missing `hostname` and `timestamp` are filled in.
    package let fillsFields: Bool
    /// Sockets that share each address of UDP.
    package let receivers: Int
    private let blocks: [IPBlock]

    /// The setting that checked options describe.
    package init(_ values: OptionValues, kind: ListeningKind, _ setting: InputSetting) throws(ConfigError) {
        self.kind = kind
        listen = try ListenSetting(values, schemes: kind.schemes, folder: setting.folder, port: kind.port, tlsPort: kind.tlsPort)
        fillsFields = kind.canFill && values.text("fill") != ListeningKind.Fill.none.rawValue
        receivers = kind.schemes.contains(.udp) ? values.integer("receivers") ?? 1 : 1
        var decodings = [try Self.decoding(values, kind, setting.zone)]
        var blocks: [IPBlock] = []
        for text in values.texts("peers") {
            let override = try PeerOverride(text)
            blocks.append(override.block)
            do throws(ConfigError) {
                decodings.append(try Self.decoding(values, kind, setting.zone, override.values))
            } catch { throw ConfigError(error.code, "`\(text)` of `peers`: \(error.message)", key: "peers") }
        }
        self.decodings = decodings
        self.blocks = blocks
    }

    /// Index in ``decodings`` of what holds for a peer; nil is one of a Unix socket.
    package func decodingIndex(of peer: IPAddress?) -> Int {
        guard !blocks.isEmpty, let peer else { return 0 }
        return blocks.firstIndex { $0.contains(peer) }.map { $0 + 1 } ?? 0
    }

    /// What cuts a datagram into frames; nil when it is one.
    package func datagramFramer(_ index: Int) -> (any Framer)? {
        kind == .syslog || !decodings[index].hasOwnFraming ? nil : decodings[index].framer()
    }

    private static func decoding(
        _ values: OptionValues, _ kind: ListeningKind, _ zone: Zone, _ override: [PeerOverride.Key: String] = [:]
    ) throws(ConfigError) -> DecodingSetting {
        try DecodingSetting(values, zone: zone, timezone: override[.timezone]) { texts, framing in
            texts.format = override[.format] ?? texts.format
            texts.charset = override[.charset] ?? texts.charset
            if texts.multiline != nil, !values.isSet("framing") { texts.framing = nil }
            adjust(&framing, texts.framing.flatMap(Framing.init(rawValue:)))
            framing.countNeedsPri = kind == .syslog
        }
    }

    /// What senders of syslog do to frames: Python ends them with NUL, some count the LF that they append, Cisco's ASA begins with a blank.
    private static func adjust(_ options: inout FramingOptions, _ framing: Framing?) {
        switch framing {
        case .auto, .autoStream: options.trailers = [0x0A, 0x00]
        case .octet: break
        case .newline, .nul, .whole, nil: return
        }
        options.trimsTrailingLF = true
        options.skipsBlanksBeforePri = true
    }
}
