import SluiceComponent

/// How every file of every host stands; workers write it, the input's thread reads it.
///
/// A file is *complete* while its host has nothing more: after a heartbeat, or a second without bytes. Only then it is known how many bytes
/// are behind; before, when the host has told the file's size.
final class FetchStatusBook: Sendable {
    /// How a file stands.
    struct Standing: Equatable {
        var state = HostStatus.State.starting
        /// Since when, nanoseconds since 1970 UTC.
        var since: Int64
        var place: FetchPlace?
        /// Bytes that the host has and has not sent; nil when it is not known.
        var bytesBehind: Int?
        /// Everything that the host has is here.
        var isComplete = false
        /// When that was so last; nil before the first time.
        var completeTo: Int64?
        /// The sentence of its last error, also when it works again.
        var lastError: String?
    }

    /// What ``waitForChange(until:)`` has found.
    struct Round {
        /// Numbers of the hosts that changed; all of them when time has passed.
        var hosts: [Int]
        /// Every worker has ended.
        var isLast: Bool
    }

    private struct State {
        var files: [Standing]
        var hosts: [HostStatus]
        var changed: Set<Int> = []
        var running: Int
    }

    /// Files of each host, by number.
    let filesOfHost: [[Int]]
    let files: [FetchFile]
    private let state: Monitor<State>

    /// A book in which nothing is known; `now` is nanoseconds since 1970 UTC.
    init(_ files: [FetchFile], now: Int64) {
        self.files = files
        var filesOfHost: [[Int]] = []
        var hosts: [HostStatus] = []
        for (index, file) in files.enumerated() {
            if file.host.index == filesOfHost.count {
                filesOfHost.append([])
                hosts.append(HostStatus(name: file.host.name, since: now))
            }
            filesOfHost[file.host.index].append(index)
        }
        self.filesOfHost = filesOfHost
        state = Monitor(State(files: files.map { _ in Standing(since: now) }, hosts: hosts, running: files.count))
    }

    /// Notes what is new of a file.
    func update(_ file: Int, now: Int64, _ body: (inout Standing) -> Void) {
        let host = files[file].host.index
        state.notify { state in
            let before = state.files[file]
            body(&state.files[file])
            if state.files[file].state != before.state { state.files[file].since = now }
            if before.isComplete, !state.files[file].isComplete { state.files[file].completeTo = now }
            guard state.files[file] != before else { return }
            state.changed.insert(host)
            settle(host, &state, now)
        }
    }

    /// A worker has ended.
    func ended() { state.notify { $0.running -= 1 } }

    /// Waits until something changes, the last worker ends or the time (monotonic) has come.
    func waitForChange(until deadline: Int64) -> Round {
        let round: Round? = state.wait(until: deadline) { state in
            guard !state.changed.isEmpty || state.running == 0 else { return nil }
            defer { state.changed = [] }
            return Round(hosts: state.running == 0 ? Array(state.hosts.indices) : state.changed.sorted(), isLast: state.running == 0)
        }
        return round ?? Round(hosts: Array(filesOfHost.indices), isLast: false)
    }

    /// Whether everything that the host has of a file is here.
    func isComplete(_ file: Int) -> Bool { state.withLock { $0.files[file].isComplete } }

    /// All hosts.
    func hosts() -> [HostStatus] { state.withLock { $0.hosts } }

    /// A host and its files, by their names.
    func host(_ index: Int) -> (host: HostStatus, files: [(name: String, status: Standing)], isRunning: Bool) {
        let numbers = filesOfHost[index]
        let names = numbers.map { files[$0].name }
        let found = state.withLock { state in (state.hosts[index], numbers.map { state.files[$0] }, state.running > 0) }
        return (found.0, Array(zip(names, found.1)).map { (name: $0.0, status: $0.1) }, found.2)
    }

    /// A host is what the worst of its files is.
    private func settle(_ host: Int, _ state: inout State, _ now: Int64) {
        let files = filesOfHost[host].map { state.files[$0] }
        let isFailing = files.contains { $0.state == .failing }
        let next: HostStatus.State = isFailing ? .failing : files.contains { $0.state == .starting } ? .starting : .ok
        if state.hosts[host].state != next {
            state.hosts[host].state = next
            state.hosts[host].since = now
        }
        let behind = files.compactMap(\.bytesBehind)
        state.hosts[host].bytesBehind = behind.count == files.count ? behind.reduce(0, +) : nil
        state.hosts[host].isComplete = files.allSatisfy(\.isComplete)
        let complete = files.filter { !$0.isComplete }.map(\.completeTo)
        state.hosts[host].completeTo = complete.contains(nil) ? nil : complete.compactMap { $0 }.min()
        if let failing = files.filter({ $0.state == .failing }).max(by: { $0.since < $1.since }) ?? files.max(by: { $0.since < $1.since }) {
            state.hosts[host].lastError = failing.lastError ?? state.hosts[host].lastError
        }
    }
}
