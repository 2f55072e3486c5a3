import CSluice
package import SluiceComponent
import SluiceEvent

/// RFC 6587 section 3.4.1, and nothing else: `MSG-LEN SP SYSLOG-MSG`.
///
/// Bytes where a count should be are an error: they are lost up to the next LF, behind which a count is looked for again. An
/// LF or CR that a sender appends to a counted frame is passed and counted as an error. Tolerant receivers take ``AutoFramer``.
package struct OctetCountingFramer: Framer {
    private var octets: OctetCutter
    private var isResyncing = false

    /// A framer.
    package init(_ options: FramingOptions = FramingOptions(frameBytesMax: 64 << 10)) { octets = OctetCutter(options) }

    package mutating func next(_ window: inout FrameWindow) -> Frame? {
        while true {
            if octets.failure != nil {
                lose(window.limit - window.position, &window)
                return nil
            }
            if octets.remaining > 0 {
                guard case .passed = octets.skip(&window) else { return nil }
            }
            if isResyncing, !resync(&window) { return nil }
            guard window.position < window.limit else { return nil }
            let byte = window.base[window.position]
            if byte == 0x0A || byte == 0x0D {
                octets.counts.errors += 1
                window.position += 1
                continue
            }
            switch OctetCount.read(window.base, at: window.position, limit: window.limit) {
            case .unfinished:
                guard window.isFinal else { return nil }
                octets.counts.incomplete += 1
                lose(window.limit - window.position, &window)
                return nil
            case .count(let count, let headerLength) where count <= octets.countMax:
                switch octets.take(count, headerLength: headerLength, &window) {
                case .frame(let frame): return frame
                case .passed: continue
                case .starved: return nil
                }
            case .absent, .absurd, .count:
                octets.counts.errors += 1
                isResyncing = true
            }
        }
    }

    package var failure: FramingFailure? { octets.failure }
    package var counts: FramingCounts { octets.counts }

    private mutating func lose(_ count: Int, _ window: inout FrameWindow) {
        octets.counts.bytesLost += count
        window.position += count
    }

    /// Passes what is no frame, the next LF included. False when it has not come.
    private mutating func resync(_ window: inout FrameWindow) -> Bool {
        let available = window.limit - window.position
        let length = sl_find_either(window.base + window.position, available, 0x0A, 0x0A)
        lose(length, &window)
        if length == available { return false }
        window.position += 1
        isResyncing = false
        return true
    }
}
