import Glibc

/// Form of a line of the service's own log.
package enum LogFormat: Sendable, Equatable {
    /// Time, level, message; for people.
    case text(TextPaint)
    /// One JSON object a line.
    case json
    /// The level as `<3>`, without a time: the journal has its own.
    case journald

    /// What fits standard error: the journal when it reads it, text otherwise, coloured on a terminal unless `NO_COLOR` says no.
    package static func fitting(
        descriptor: Int32 = STDERR_FILENO, variable: (String) -> String?
    ) -> LogFormat {
        isJournal(descriptor, variable("JOURNAL_STREAM")) ? .journald : .text(TextPaint.fitting(descriptor: descriptor, variable: variable))
    }

    /// Whether `JOURNAL_STREAM`, device and inode, names this very descriptor: a child whose output goes elsewhere inherits it too.
    static func isJournal(_ descriptor: Int32, _ stream: String?) -> Bool {
        guard let parts = stream?.split(separator: ":"), parts.count == 2, let device = UInt(parts[0]), let inode = UInt(parts[1]) else {
            return false
        }
        var found = stat()
        return fstat(descriptor, &found) == 0 && found.st_dev == device && found.st_ino == inode
    }
}

extension TextPaint {
    /// Coloured on a terminal, never with `NO_COLOR` or on a terminal that says it is dumb.
    package static func fitting(descriptor: Int32, variable: (String) -> String?) -> TextPaint {
        let isUnwanted = variable("NO_COLOR").map { !$0.isEmpty } ?? false
        return TextPaint(isColoured: isatty(descriptor) == 1 && !isUnwanted && variable("TERM") != "dumb")
    }
}
