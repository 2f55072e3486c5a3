import Logging
import SluiceComponent
import SluiceNetwork

/// A running fetch input: a worker for each file, and what is told of the hosts.
final class FetchRun {
    /// Shortest time between two reports, and longest time between two status files of a host.
    private static let reportNs: Int64 = 1_000_000_000
    private static let statusNs: Int64 = 60_000_000_000

    private let setting: FetchSetting
    private let session: any InputSession
    private let book: FetchStatusBook
    private var statusFiles: FetchStatusFiles?

    init(_ setting: FetchSetting, _ session: any InputSession) {
        self.setting = setting
        self.session = session
        book = FetchStatusBook(setting.files, now: session.now)
        statusFiles = setting.statusFolder.map { FetchStatusFiles(folder: $0, log: session.log) }
    }

    /// Fetches until the stop.
    func run() {
        forgetOthers()
        let dialer = Dialer(setting.dial, log: session.log)
        let (setting, session, book) = (setting, session, book)
        let threads = setting.files.indices.map { index in
            WorkerThread("fetch-\(index)") {
                FetchWorker(index, setting, dialer, book, session).run()
                book.ended()
            }
        }
        while true {
            let round = book.waitForChange(until: MonotonicClock.now + Self.statusNs)
            session.report(book.hosts())
            statusFiles?.write(book, hosts: round.hosts, now: session.now)
            if round.isLast { break }
            _ = session.stop.wait(nanoseconds: Self.reportNs)
        }
        for thread in threads { thread.join() }
        dialer.close()
    }

    /// Positions of hosts and files that are not in the configuration any more go away.
    private func forgetOthers() {
        let keys = Set(setting.files.map(\.key))
        let gone = session.positions.keys.filter { !keys.contains($0) }
        guard !gone.isEmpty, let box = session.takeBatch() else { return }
        session.send(box, stream: 0, bytes: 0, positions: gone.map { Position(key: $0, value: nil) })
    }
}
