package import SluiceComponent
import SluiceEvent

/// Decides for each frame: an octet count and a blank begin a counted frame, anything else is a line.
///
/// What RFC 6587's two framings look like when real senders mix them on one connection. CR and LF (and NUL where it is a
/// trailer) between frames are passed. Digits without a blank behind them begin a line (`2024-01-01 …`), and so does a count
/// that no sender means: over the limit and a million without a `<` behind it, or any such (``FramingOptions/countNeedsPri``). A
/// count of zero or of more than nine digits before a `<` is an error: it is passed, and the rest is a line flagged
/// `framing_repaired`.
package struct AutoFramer: Framer {
    /// Counts over the frame limit from which on a `<` must follow.
    private static let countUnlikely = 1_000_000
    /// Blanks before a `<` that are looked past.
    private static let blanksMax = 32

    private var lines: LineCutter
    private var octets: OctetCutter
    private let frameBytesMax: Int
    private let passesNul: Bool
    private let skipsBlanks: Bool
    private let countNeedsPri: Bool
    private var isInLine = false
    private var flags: EventFlags = .none

    /// A framer.
    package init(_ options: FramingOptions = FramingOptions(frameBytesMax: 64 << 10)) {
        lines = LineCutter(options)
        octets = OctetCutter(options)
        frameBytesMax = options.frameBytesMax
        passesNul = options.trailers.contains(0)
        skipsBlanks = options.skipsBlanksBeforePri
        countNeedsPri = options.countNeedsPri
    }

    package mutating func next(_ window: inout FrameWindow) -> Frame? {
        while true {
            if octets.failure != nil {
                octets.counts.bytesLost += window.limit - window.position
                window.position = window.limit
                return nil
            }
            if octets.remaining > 0 {
                guard case .passed = octets.skip(&window) else { return nil }
            }
            if isInLine || lines.isSkipping || lines.failure != nil {
                switch lines.step(&window) {
                case .frame(var frame):
                    isInLine = false
                    frame.flags.formUnion(flags)
                    flags = .none
                    return frame
                case .passed:
                    isInLine = false
                    flags = .none
                    continue
                case .starved: return nil
                }
            }
            guard passGap(&window) else { return nil }
            switch decide(window) {
            case .starved: return nil
            case .line: isInLine = true
            case .repairedLine(let headerLength):
                octets.counts.errors += 1
                window.position += headerLength
                flags = .framingRepaired
                isInLine = true
            case .counted(let count, let headerLength):
                switch octets.take(count, headerLength: headerLength, &window) {
                case .frame(let frame): return frame
                case .passed: continue
                case .starved: return nil
                }
            }
        }
    }

    package var failure: FramingFailure? { lines.failure ?? octets.failure }

    package var counts: FramingCounts { lines.counts.adding(octets.counts) }

    private enum Decision {
        case starved
        case line
        case repairedLine(headerLength: Int)
        case counted(Int, headerLength: Int)
    }

    /// Passes separators before a frame. False when nothing else has come.
    private func passGap(_ window: inout FrameWindow) -> Bool {
        while window.position < window.limit {
            // SAFETY: below the window's limit.
            let byte = window.base[window.position]
            guard byte == 0x0A || byte == 0x0D || (byte == 0 && passesNul) else { break }
            window.position += 1
        }
        guard skipsBlanks else { return window.position < window.limit }
        var end = window.position
        while end < window.limit, end - window.position < Self.blanksMax, window.base[end] == 0x20 { end += 1 }
        if end == window.limit { return window.isFinal && window.position < end }
        if window.base[end] == 0x3C { window.position = end }
        return true
    }

    private func decide(_ window: FrameWindow) -> Decision {
        let first = window.base[window.position]
        guard first >= 0x30, first <= 0x39 else { return .line }
        let count = OctetCount.read(window.base, at: window.position, limit: window.limit)
        let headerLength: Int
        switch count {
        case .unfinished: return window.isFinal ? .line : .starved
        case .absent: return .line
        case .absurd(let length): headerLength = length
        case .count(let count, let length):
            if !countNeedsPri, count <= max(frameBytesMax, Self.countUnlikely) { return .counted(count, headerLength: length) }
            headerLength = length
        }
        let place = window.position + headerLength
        guard place < window.limit else { return window.isFinal ? .line : .starved }
        // A compressed record of rsyslog begins with `z` and zlib's first byte: it is one, and refused by who knows it.
        if countNeedsPri, window.base[place] == 0x7A, case .count(let count, _) = count, count <= octets.countMax {
            guard place + 1 < window.limit else { return window.isFinal ? .line : .starved }
            if window.base[place + 1] == 0x78 { return .counted(count, headerLength: headerLength) }
        }
        guard window.base[place] == 0x3C else { return .line }
        if case .count(let count, _) = count, count <= octets.countMax {
            return .counted(count, headerLength: headerLength)
        }
        return .repairedLine(headerLength: headerLength)
    }
}
