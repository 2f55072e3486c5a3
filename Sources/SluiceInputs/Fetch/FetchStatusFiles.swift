import Glibc
import Logging
import SluiceComponent
import SluiceConfig
import SluiceEvent

/// One small file of JSON for each host in a folder: for monitoring that reads files. Written beside and renamed over, so that a reader sees
/// a whole one. It is written when something changes, once a second at most, and once a minute in any case: one that is older than that
/// was left behind by a program that died. After an ordered end its state is `stopped`.
struct FetchStatusFiles {
    private let folder: String
    private let log: Logger
    private var report = FailureReport()

    init(folder: String, log: Logger) {
        self.folder = folder
        self.log = log
    }

    /// Writes the files of these hosts.
    mutating func write(_ book: FetchStatusBook, hosts: [Int], now: Int64) {
        for index in hosts {
            let host = book.host(index)
            let text = Self.text(host.host, host.files, isRunning: host.isRunning, now: now)
            let failure = Self.replace(folder + "/" + Self.fileName(ofHost: host.host.name), text, folder: folder)
            guard let failure else {
                _ = report.succeeded(now: MonotonicClock.now)
                continue
            }
            if report.failed(now: MonotonicClock.now) != nil {
                log.warning("\(failure); `status_dir` is not up to date, fetching goes on")
            }
            return
        }
    }

    /// `tcp://10.1.2.3:19` → `10.1.2.3_19.json`.
    static func fileName(ofHost name: String) -> String {
        let place = name.firstRange(of: "://").map { name[$0.upperBound...] } ?? name[...]
        return String(place.filter { $0 != "[" && $0 != "]" }.map { $0 == ":" || $0 == "/" ? "_" : $0 }) + ".json"
    }

    /// One JSON object and a line end.
    static func text(
        _ host: HostStatus, _ files: [(name: String, status: FetchStatusBook.Standing)], isRunning: Bool, now: Int64
    ) -> String {
        func time(_ nanoseconds: Int64?) -> String {
            nanoseconds.map { "\"" + TimestampText.text(ns: $0, digits: 3) + "\"" } ?? "null"
        }
        func state(_ state: HostStatus.State) -> String { JSONText.literal(isRunning ? state.rawValue : "stopped") }
        let entries = files.map { name, file in
            JSONText.object([
                ("file", JSONText.literal(name)), ("state", state(file.state)), ("since", time(file.since)),
                ("inode", JSONText.number(file.place?.inode)), ("offset", JSONText.number(file.place?.offset)),
                ("bytes_behind", JSONText.number(file.bytesBehind)), ("complete_to", time(file.isComplete ? now : file.completeTo)),
                ("last_error", JSONText.literal(file.lastError)),
            ])
        }
        return JSONText.object([
            ("host", JSONText.literal(host.name)), ("state", state(host.state)), ("since", time(host.since)), ("written", time(now)),
            ("bytes_behind", JSONText.number(host.bytesBehind)), ("complete_to", time(host.isComplete ? now : host.completeTo)),
            ("last_error", JSONText.literal(host.lastError)), ("files", JSONText.array(entries)),
        ]) + "\n"
    }

    /// Puts a file in the place of another; answers what went wrong.
    private static func replace(_ path: String, _ text: String, folder: String) -> String? {
        let new = path + ".new"
        var descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        if descriptor < 0, errno == ENOENT, mkdir(folder, 0o755) == 0 {
            descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        }
        guard descriptor >= 0 else { return "cannot write `\(new)`: \(SystemCall.text(of: errno))" }
        let count = Glibc.write(descriptor, text, text.utf8.count)
        let number = errno
        close(descriptor)
        guard count == text.utf8.count else {
            unlink(new)
            return "cannot write `\(new)`: \(SystemCall.text(of: count < 0 ? number : ENOSPC))"
        }
        guard rename(new, path) == 0 else { return "cannot rename `\(new)` to `\(path)`: \(SystemCall.text(of: errno))" }
        return nil
    }
}
