package import SluiceComponent
import SluiceEvent

/// One frame: everything up to the end of the stream, within the limit.
package struct WholeInputFramer: Framer {
    private let bytesMax: Int
    private let policy: OversizePolicy
    private var isOver = false
    package private(set) var failure: FramingFailure?
    package private(set) var counts = FramingCounts()

    /// A framer.
    package init(_ options: FramingOptions = FramingOptions()) {
        bytesMax = options.frameBytesMax
        policy = options.oversize
    }

    package mutating func next(_ window: inout FrameWindow) -> Frame? {
        let available = window.limit - window.position
        if isOver {
            counts.bytesLost += available
            window.position = window.limit
            return nil
        }
        if available > bytesMax {
            isOver = true
            counts.oversize += 1
            switch policy {
            case .truncate: return take(bytesMax, .truncated, &window)
            case .drop: break
            case .error:
                counts.errors += 1
                failure = .oversize(frameBytesMax: bytesMax)
            }
            return next(&window)
        }
        guard window.isFinal, available > 0 else { return nil }
        return take(available, [], &window)
    }

    private mutating func take(_ length: Int, _ flags: EventFlags, _ window: inout FrameWindow) -> Frame {
        let frame = Frame(offset: window.position, length: length, flags: flags)
        window.position += length
        counts.frames += 1
        return frame
    }
}
