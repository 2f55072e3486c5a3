package import SluiceComponent

/// Decides once: a stream that begins with a digit 1-9 is octet-counted, any other consists of lines.
///
/// For senders that keep to one framing and whose lines may begin with digits.
package struct StreamAutoFramer: Framer {
    private enum Choice {
        case open(FramingOptions)
        case counted(OctetCountingFramer)
        case lines(NewlineFramer)
    }

    private var choice: Choice

    /// A framer that has not seen a byte.
    package init(_ options: FramingOptions = FramingOptions(frameBytesMax: 64 << 10)) { choice = .open(options) }

    package mutating func next(_ window: inout FrameWindow) -> Frame? {
        if case .open(let options) = choice {
            guard window.position < window.limit else { return nil }
            let first = window.base[window.position]
            choice =
                first >= 0x31 && first <= 0x39
                ? .counted(OctetCountingFramer(options)) : .lines(NewlineFramer(options))
        }
        switch choice {
        case .open: return nil
        case .counted(var framer):
            defer { choice = .counted(framer) }
            return framer.next(&window)
        case .lines(var framer):
            defer { choice = .lines(framer) }
            return framer.next(&window)
        }
    }

    package var failure: FramingFailure? {
        switch choice {
        case .open: nil
        case .counted(let framer): framer.failure
        case .lines(let framer): framer.failure
        }
    }

    package var counts: FramingCounts {
        switch choice {
        case .open: FramingCounts()
        case .counted(let framer): framer.counts
        case .lines(let framer): framer.counts
        }
    }
}
