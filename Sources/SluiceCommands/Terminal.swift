import ArgumentParser
import Glibc

/// Standard output and error as a person or a program sees them.
enum Terminal {
    /// Whether standard error is a terminal.
    static let isErrorTerminal = isatty(STDERR_FILENO) == 1

    /// Whether standard output is a terminal that takes colours.
    static var hasOutputColours: Bool { isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil }

    /// A line of data.
    static func out(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    /// A diagnostic. Control characters that came from data are shown and not sent, so that no log line can steer a terminal.
    ///
    /// Where a program reads along, each of its lines says who speaks, so that none is taken for a dead letter.
    static func say(_ text: String) {
        let lines = escaped(text)
        write("sluice: " + (isErrorTerminal ? lines : lines.replacing("\n", with: "\nsluice: ")) + "\n", to: STDERR_FILENO)
    }

    /// Bytes as they are.
    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while rest.count > 0 {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno != EINTR { return }
                if count > 0 { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
            }
        }
    }

    /// Text with control characters but line ends and tabs shown and not sent.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            if isControl, scalar != "\n", scalar != "\t" {
                let digits = String(scalar.value, radix: 16, uppercase: false)
                result += "\\x" + (digits.count < 2 ? "0" : "") + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Ends the program with a diagnostic and an exit status of PRODUCT §2.
    static func fail(_ text: String, _ status: Status) -> any Error {
        say(text)
        return ExitCode(status.rawValue)
    }
}

/// Exit statuses (sysexits.h where it has one).
enum Status: Int32 {
    case done = 0
    case refused = 1
    case usage = 64
    case missing = 66
    case notRunning = 69
    case internalError = 70
    case cannotCreate = 73
    case cannotWrite = 74
    case notPermitted = 77
    case cannotLoad = 78
}
