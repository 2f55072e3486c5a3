package import SluiceComponent

/// Frames that a NUL ends, as `find -print0`, journald exports and some syslog senders write; the end of the stream ends one too.
package struct NulFramer: Framer {
    private var cutter: LineCutter

    /// A framer; a CR before the NUL is data.
    package init(_ options: FramingOptions = FramingOptions()) {
        var options = options
        options.trailers = [0]
        options.trimsTrailingCR = false
        cutter = LineCutter(options)
    }

    package mutating func next(_ window: inout FrameWindow) -> Frame? { cutter.next(&window) }

    package mutating func frames(
        in window: inout FrameWindow, into frames: UnsafeMutableBufferPointer<Frame>
    ) -> Int {
        cutter.frames(in: &window, into: frames)
    }

    package var failure: FramingFailure? { cutter.failure }
    package var counts: FramingCounts { cutter.counts }
}
