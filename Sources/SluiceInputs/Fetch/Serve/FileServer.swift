package import Logging
import NIOCore
package import SluiceComponent
package import SluiceNetwork

/// The host side of pull mode: sends files to readers as they grow, over the line protocol of `fetch`.
///
/// Everything happens on one event loop, reading files too: what is followed lies in the system's cache. `StreamServer` admits readers,
/// `ServeHandler` is one of them, `RotatedSet` says which file it gets, `ServePace` what is sent when, `ServeWatch` wakes.
package final class FileServer {
    let setting: FileServerSetting
    let log: Logger
    /// By the name that readers ask for.
    let files: [String: ServedFile]
    /// Nanoseconds since 1970 UTC.
    let time: () -> Int64
    private(set) var watch: ServeWatch!
    private var readers: [ObjectIdentifier: ServeHandler] = [:]
    private var changes: Set<Change> = []

    /// A file that was written anew while it was sent to a reader.
    private struct Change: Hashable {
        let peer: String
        let file: String
        let inode: UInt64
    }

    /// Changes that are remembered; with more of them all are forgotten.
    private static let changesMax = 4_096

    /// A server; opens nothing before it runs. `time` is the clock that files are dated by.
    package init(_ setting: FileServerSetting, log: Logger, time: @escaping () -> Int64) {
        self.setting = setting
        self.log = log
        self.time = time
        files = Dictionary(setting.files.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Serves until the stop; `ready` is told where, with the ports that the system chose.
    package func run(stop: StopFlag, ready: ([NetworkAddress]) -> Void = { _ in }) throws(NetworkError) {
        var server: StreamServer?
        try withoutActuallyEscaping(ready) { ready throws(NetworkError) in
            try EventLoopThread.run(
                stop: stop,
                start: { loop throws(NetworkError) in
                    let watch = ServeWatch(loop: loop, log: self.log) { self.changed($0) }
                    self.watch = watch
                    for file in self.setting.files {
                        watch.watch(foldersOf: file)
                        if FileStatus(path: file.path)?.kind != .file {
                            self.log.warning("`\(file.path)` is no file that is there; readers are refused until it is")
                        }
                    }
                    let listening = StreamServer(self.setting.listen, loop: loop, log: self.log, observe: { _ in }) { channel, info in
                        try channel.pipeline.syncOperations.addHandler(ServeHandler(info, self))
                    }
                    try listening.start()
                    server = listening
                    watch.start()
                    self.poll(loop)
                    ready(listening.addresses)
                },
                stopping: {
                    self.watch.stop()
                    return server!.closeAll()
                })
        }
    }

    /// A reader has begun.
    func serves(_ reader: ServeHandler) { readers[ObjectIdentifier(reader)] = reader }

    /// A reader is gone.
    func left(_ reader: ServeHandler) { readers[ObjectIdentifier(reader)] = nil }

    /// A file was written anew: who has read it does not know, and when it has grown beyond the old place by the time of the next request,
    /// nothing else would tell.
    func noteChange(of stream: ServedStream, peer: String) {
        if changes.count >= Self.changesMax { changes = [] }
        changes.insert(Change(peer: peer, file: stream.file.name, inode: stream.inode.number))
    }

    /// Whether a reader asks for a place in what a file was before; says so once.
    func takeChange(of request: FetchRequest, peer: String) -> Bool {
        guard let place = request.place, place.offset > 0 else { return false }
        return changes.remove(Change(peer: peer, file: request.file, inode: place.inode)) != nil
    }

    private func changed(_ change: ServeWatch.Change) {
        switch change {
        case .file(let inode): for reader in readers.values where reader.stream?.inode == inode { reader.look() }
        case .anything: lookAtAll()
        }
    }

    private func lookAtAll() { for reader in readers.values { reader.look() } }

    private func poll(_ loop: any EventLoop, after ticks: Int64 = 1) {
        loop.assumeIsolated().scheduleTask(in: .seconds(1)) { [weak self] in
            guard let self else { return }
            let isDue = ticks >= watch.pollSeconds
            if isDue { lookAtAll() }
            poll(loop, after: isDue ? 1 : ticks + 1)
        }
    }
}
