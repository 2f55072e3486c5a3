package import SluiceComponent

/// What users may change about any framing.
package struct FramingOptions: Sendable, Equatable {
    /// Longest frame in bytes; 1 MiB for files and standard input, 64 KiB for network inputs.
    package var frameBytesMax: Int
    /// What happens to longer ones.
    package var oversize: OversizePolicy
    /// Bytes that end a line: LF, or NUL, or both.
    package var trailers: [UInt8]
    /// Whether a CR before the line's end belongs to the end.
    package var trimsTrailingCR: Bool
    /// Whether a counted frame loses the LF (and CR) it ends with.
    package var trimsTrailingLF: Bool
    /// Whether lines of no bytes give no frame.
    package var skipsEmptyFrames: Bool
    /// Whether blanks before a frame's `<` are skipped, as Cisco's ASA needs.
    package var skipsBlanksBeforePri: Bool
    /// Whether a count is one only before a `<`, where each frame's framing is found out: `12 monkeys` is a line then.
    package var countNeedsPri = false

    /// Options; the defaults are those of files.
    package init(
        frameBytesMax: Int = 1 << 20, oversize: OversizePolicy = .truncate, trailers: [UInt8] = [0x0A],
        trimsTrailingCR: Bool = true, trimsTrailingLF: Bool = false, skipsEmptyFrames: Bool = true,
        skipsBlanksBeforePri: Bool = false
    ) {
        precondition(frameBytesMax > 0, "a frame has room for at least one byte")
        precondition(trailers.count == 1 || trailers.count == 2, "a line has one or two possible ends")
        self.frameBytesMax = frameBytesMax
        self.oversize = oversize
        self.trailers = trailers
        self.trimsTrailingCR = trimsTrailingCR
        self.trimsTrailingLF = trimsTrailingLF
        self.skipsEmptyFrames = skipsEmptyFrames
        self.skipsBlanksBeforePri = skipsBlanksBeforePri
    }
}
