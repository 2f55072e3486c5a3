import CSluice
package import SluiceComponent
import SluiceEvent

/// Bounds of a joined record.
package struct MultilineLimits: Sendable, Equatable {
    /// Lines of one record.
    package var linesMax: Int
    /// Lines that are kept back until one shows whether they belong to a record.
    package var linesPendingMax: Int

    /// Limits; the record's bytes are those of a frame.
    package init(linesMax: Int = 5_000, linesPendingMax: Int = 8) {
        self.linesMax = linesMax
        self.linesPendingMax = linesPendingMax
    }
}

/// Joins lines into records: a frame that reaches from the first line to the last.
///
///     position
///        │◄──────── record ────────►│◄─ pending ─►│◄─ not come yet
///        ┌────────┬────────┬────────┬──────┬──────┬──────
///        │ line   │ line   │ line   │ line │ line │ …
///        └────────┴────────┴────────┴──────┴──────┴──────
///
/// The bytes between the lines stay what they are: LF, or CR LF when the lines end so. A record is given out when the line
/// behind it shows that it is whole; lines that were pending then are cut once more, as records of their own. A record that
/// meets a limit is given out flagged `multiline_limit`, and its next line goes on as a new one. No more than two frames'
/// limit is kept.
package struct MultilineFramer: Framer {
    private var lines: LineCutter
    private var joiner: LineJoiner
    private let bytesMax: Int
    private let linesMax: Int
    private let pendingMax: Int
    private let skipsEmpty: Bool

    // Distances from the window's position, which is the record's start while one is open.
    /// Behind the last line that was looked at and its separator.
    private var looked = 0
    /// Behind the record's last line; -1 when no record is open.
    private var recordEnd = -1
    /// Behind that line's separator.
    private var recordNext = 0
    /// Behind the last pending line.
    private var pendingEnd = 0
    private var lineCount = 0
    private var pendingCount = 0
    private var flags: EventFlags = .none
    /// The record's last line was cut: nothing can follow it.
    private var isClosed = false
    private var frameCount = 0

    /// A framer for records of lines.
    package init(
        _ parser: MultilineParser, _ options: FramingOptions = FramingOptions(), limits: MultilineLimits = MultilineLimits()
    ) {
        var lineOptions = options
        lineOptions.skipsEmptyFrames = false
        lines = LineCutter(lineOptions)
        joiner = LineJoiner(parser)
        bytesMax = options.frameBytesMax
        linesMax = limits.linesMax
        pendingMax = limits.linesPendingMax
        skipsEmpty = options.skipsEmptyFrames
    }

    package mutating func next(_ window: inout FrameWindow) -> Frame? {
        while let record = step(&window) {
            if record.raw.length == 0, skipsEmpty { continue }
            frameCount += 1
            return record
        }
        return nil
    }

    package mutating func flush(_ window: inout FrameWindow) -> Frame? {
        guard hasOpenFrame else { return nil }
        // What is pending is not cut again: the line behind it is half read already.
        joinPending()
        let record = close(&window, rewinds: false)
        if record.raw.length == 0, skipsEmpty { return nil }
        frameCount += 1
        return record
    }

    package var hasOpenFrame: Bool { recordEnd >= 0 }
    package var failure: FramingFailure? { lines.failure }

    package var counts: FramingCounts {
        var counts = lines.counts
        counts.frames = frameCount
        return counts
    }

    /// Looks at lines until a record is whole.
    private mutating func step(_ window: inout FrameWindow) -> Frame? {
        if isClosed { return close(&window, rewinds: false) }
        var ahead = FrameWindow(
            base: window.base, position: window.position + looked, limit: window.limit, isFinal: window.isFinal)
        while true {
            switch lines.step(&ahead) {
            case .starved where recordEnd >= 0 && !window.isFinal && !lines.isSkipping:
                looked = ahead.position - window.position
                return nil
            case .starved:
                guard recordEnd >= 0 else {
                    window.position = ahead.position
                    looked = 0
                    return nil
                }
                looked = ahead.position - window.position
                return close(&window, rewinds: true)
            case .passed:
                // A dropped line ends the record before it; what is pending there cannot be cut again.
                guard recordEnd >= 0 else {
                    window.position = ahead.position
                    continue
                }
                joinPending()
                let record = close(&window, rewinds: false)
                window.position = ahead.position
                looked = 0
                return record
            case .frame(let line):
                if let record = add(line, next: ahead.position, &window) { return record }
                if isClosed { return close(&window, rewinds: false) }
                ahead.position = window.position + looked
            }
        }
    }

    /// Takes a line into account; a record that it shows to be whole is the answer.
    private mutating func add(_ line: Frame, next: Int, _ window: inout FrameWindow) -> Frame? {
        let start = Int(line.raw.offset)
        let text = LineText(window.base + start, count: Int(line.raw.length))
        var role = joiner.accept(text)
        if recordEnd < 0 {
            open(line, next: next, &window)
            return nil
        }
        let end = start + text.count - window.position
        if case .perhaps = role {
            if line.flags.isEmpty, pendingCount < pendingMax, end <= bytesMax, lineCount + pendingCount < linesMax {
                pendingCount += 1
                pendingEnd = text.isBlank ? pendingEnd : end
                looked = next - window.position
                return nil
            }
            role = .starts
            joiner.restart()
            if pendingCount == 0 { _ = joiner.accept(text) }
        }
        if case .continues = role {
            if end <= bytesMax, lineCount + pendingCount < linesMax {
                lineCount += pendingCount + 1
                pendingCount = 0
                recordEnd = end
                pendingEnd = end
                looked = next - window.position
                recordNext = looked
                flags.formUnion(line.flags)
                isClosed = !line.flags.isEmpty
                return nil
            }
            flags.insert(.multilineLimit)
        }
        if pendingCount > 0 {
            // The line is cut again after the pending ones, unless it cannot be: then those stay with the record.
            if line.flags.isEmpty { return close(&window, rewinds: true) }
            joinPending()
        }
        let record = close(&window, rewinds: false)
        open(line, next: next, &window)
        return record
    }

    private mutating func joinPending() {
        guard pendingCount > 0 else { return }
        lineCount += pendingCount
        pendingCount = 0
        recordEnd = max(recordEnd, pendingEnd)
    }

    private mutating func open(_ line: Frame, next: Int, _ window: inout FrameWindow) {
        window.position = Int(line.raw.offset)
        recordEnd = Int(line.raw.length)
        pendingEnd = recordEnd
        looked = next - window.position
        recordNext = looked
        lineCount = 1
        pendingCount = 0
        flags = line.flags
        isClosed = !line.flags.isEmpty
    }

    /// Gives the open record out and moves the window behind it: to its pending lines or to what was not looked at.
    private mutating func close(_ window: inout FrameWindow, rewinds: Bool) -> Frame {
        if lineCount > 1 { flags.insert(.multiline) }
        let record = Frame(offset: window.position, length: recordEnd, flags: flags)
        if rewinds, pendingCount > 0 {
            window.position += recordNext
            joiner.restart()
        } else {
            window.position += looked
        }
        looked = 0
        recordEnd = -1
        pendingCount = 0
        isClosed = false
        return record
    }
}
