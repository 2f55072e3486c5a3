package import SluiceComponent

/// Lines: LF or CR LF ends a frame, and so does the end of the stream.
///
/// The framing of files, standard input and non-transparent syslog (RFC 6587 section 3.4.2). Lines of no bytes give no frame
/// unless the options say so.
package struct NewlineFramer: Framer {
    private var cutter: LineCutter

    /// A framer; the options' trailers may name other bytes than LF.
    package init(_ options: FramingOptions = FramingOptions()) { cutter = LineCutter(options) }

    package mutating func next(_ window: inout FrameWindow) -> Frame? { cutter.next(&window) }

    package mutating func frames(
        in window: inout FrameWindow, into frames: UnsafeMutableBufferPointer<Frame>
    ) -> Int {
        cutter.frames(in: &window, into: frames)
    }

    package var failure: FramingFailure? { cutter.failure }
    package var counts: FramingCounts { cutter.counts }
}
