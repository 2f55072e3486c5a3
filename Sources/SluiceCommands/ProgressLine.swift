import Glibc
import SluiceEngine

/// One line on a terminal: share done, rate and time left; rewritten a few times a second and cleared before anything else
/// is said.
struct ProgressLine {
    private static let interval: Int64 = 200_000_000
    private static let width = 24

    private var started = SystemClock.nanoseconds
    private var shown: Int64 = 0
    private var isVisible = false
    private var input = ""

    mutating func update(_ path: String, _ read: Int, _ total: Int?) {
        let now = SystemClock.nanoseconds
        if path != input {
            input = path
            started = now
        }
        guard now - shown >= Self.interval, now - started >= Self.interval else { return }
        shown = now
        isVisible = true
        Terminal.write("\r\u{1B}[K" + text(read, total, seconds: Double(now - started) / 1e9), to: STDERR_FILENO)
    }

    mutating func clear() {
        guard isVisible else { return }
        isVisible = false
        Terminal.write("\r\u{1B}[K", to: STDERR_FILENO)
    }

    private func text(_ read: Int, _ total: Int?, seconds: Double) -> String {
        let rate = Double(read) / max(seconds, 0.001)
        let speed = "\(size(Int(rate)))/s"
        guard let total, total > 0 else { return "\(input): \(size(read)), \(speed)" }
        let share = min(1, Double(read) / Double(total))
        let filled = Int(share * Double(Self.width))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
        let left = rate > 0 ? Int(Double(max(0, total - read)) / rate + 0.5) : 0
        return "\(input): [\(bar)] \(Int(share * 100)) %, \(speed), \(left / 60):\(left % 60 < 10 ? "0" : "")\(left % 60) left"
    }

    private func size(_ bytes: Int) -> String {
        var value = Double(bytes)
        for unit in ["B", "KiB", "MiB"] {
            if value < 1024 { return "\(Int(value)) \(unit)" }
            value /= 1024
        }
        return "\(Int(value * 10) / 10).\(Int(value * 10) % 10) GiB"
    }
}
