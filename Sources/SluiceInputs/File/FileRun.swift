import CSluice
import Glibc
import Logging
import SluiceComponent
import SluiceEvent

/// The loop of a file input, on its thread: lists, takes what the watcher tells, reads one turn of each file that has something,
/// one after the other, and waits when none has.
final class FileRun {
    /// What a run may be behind a saved position before a crash: the bound of unconfirmed bytes of an input.
    static let replayBytesMax = 16 << 20
    /// Key of the position that says that the input was started before.
    static let startedKey = ".started"
    /// A walk over the files may take one part in so many of the time.
    private static let scanShare: Int64 = 10

    let setting: FileSetting
    let session: any InputSession
    let shared: SharedDecoding
    var tracker: FileTracker
    var files: [Inode: FollowedFile] = [:]
    /// Positions of files that are not followed now.
    var remembered: [String: FilePosition] = [:]
    var ready = FileQueue()
    var changes: FileChanges
    /// Files in which something waits for its end.
    var waiting: Set<Inode> = []
    /// Files that have a descriptor.
    var opened: Set<Inode> = []
    var useCount = 0
    /// A batch that was not needed.
    var spare: BatchBox?
    var isEnding = false
    private var needsScan = true
    private var earliestScanNs: Int64 = 0
    private var nextScanNs: Int64 = 0
    let isFirstStart: Bool

    init(_ setting: FileSetting, _ session: any InputSession) {
        self.setting = setting
        self.session = session
        shared = SharedDecoding(setting.decoding)
        for (key, position) in session.positions where !position.isMark {
            if let value = position.value.flatMap({ FilePosition(text: $0) }) { remembered[key] = value }
        }
        isFirstStart = session.positions.isEmpty
        tracker = FileTracker(
            saved: remembered.keys, now: MonotonicClock.now, rotateWaitNs: setting.rotateWaitNs,
            forgetAfterNs: setting.forgetAfterNs)
        changes = FileChanges(setting, session.log)
    }

    /// Reads until the stop.
    func run() {
        while !session.stop.isSet, !isEnding {
            takeEvents()
            let now = MonotonicClock.now
            if (needsScan && now >= earliestScanNs) || now >= nextScanNs { scan() }
            passTime()
            if let inode = ready.pop(), let file = files[inode] {
                file.isQueued = false
                turn(file)
            } else {
                wait()
            }
        }
    }

    /// A file may have something to read.
    func enqueue(_ file: FollowedFile, first: Bool = false) {
        guard !file.isQueued else { return }
        file.isQueued = true
        if first { ready.pushFirst(file.inode) } else { ready.push(file.inode) }
    }

    /// The files must be listed again.
    func requestScan() { needsScan = true }

    // MARK: - Steps

    private func takeEvents() {
        changes.take { change in
            switch change {
            case .file(let inode): if let file = files[inode] { enqueue(file) }
            case .names: needsScan = true
            case .anything:
                needsScan = true
                for file in files.values { enqueue(file) }
            }
        }
    }

    private func scan() {
        let begin = MonotonicClock.now
        let listing = GlobWalk.list(setting.include, excluding: setting.exclude, folder: setting.folder, in: RealFileTree())
        // Watches and files are begun once: what that takes is no reason to see the next file late.
        let walkNs = MonotonicClock.now - begin
        let isFirst = nextScanNs == 0
        // Watched first: what changes while the files are begun is told.
        if changes.watch(listing.folders) { needsScan = true } else { needsScan = false }
        for action in tracker.scanned(listing.files, now: begin) { perform(action) }
        // What has no name any more shows in no listing, and what could not be opened may be readable now.
        for file in files.values where !file.isListed || !file.hasBegun { enqueue(file) }
        if isFirst, isFirstStart { sendStarted() }
        let end = MonotonicClock.now
        earliestScanNs = end + walkNs * Self.scanShare
        nextScanNs = end + (changes.isPolling ? setting.pollIntervalNs : setting.scanIntervalNs)
    }

    private func perform(_ action: FileTracker.Action) {
        switch action {
        case .begin(let inode, let path, let wasThere):
            let file = FollowedFile(inode, path: path, wasThere: wasThere, decoder: StreamDecoder(shared))
            files[inode] = file
            begin(file)
        case .rename(let inode, let path):
            files[inode]?.path = path
            files[inode]?.isListed = true
        case .look(let inode):
            if let file = files[inode] { enqueue(file) }
        case .leave(let inode):
            guard let file = files[inode] else { return }
            file.isListed = false
            // What was written before comes first.
            enqueue(file, first: true)
        case .close(let inode):
            if let file = files[inode] { finish(file) }
        case .forget(let key):
            guard remembered.removeValue(forKey: key) != nil else { return }
            send(positions: [Position(key: key, value: nil)])
        }
    }

    private func passTime() {
        let now = MonotonicClock.now
        if let deadline = tracker.deadline, deadline <= now {
            for file in files.values where file.isQueued { tracker.wasBusy(file.inode, now: now) }
            for action in tracker.timePassed(now: now) { perform(action) }
        }
        guard !waiting.isEmpty else { return }
        for inode in waiting {
            guard let file = files[inode], let flushNs = file.flushNs else {
                waiting.remove(inode)
                continue
            }
            if flushNs <= now, !file.isQueued { flush(file) }
        }
    }

    private func wait() {
        var deadline = min(nextScanNs, needsScan ? earliestScanNs : .max)
        if let next = tracker.deadline { deadline = min(deadline, next) }
        for inode in waiting { if let flushNs = files[inode]?.flushNs { deadline = min(deadline, flushNs) } }
        let restNs = max(0, deadline - MonotonicClock.now)
        var entries = (
            pollfd(fd: session.stop.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: changes.descriptor, events: Int16(POLLIN), revents: 0)
        )
        _ = withUnsafeMutableBytes(of: &entries) {
            poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 2, Int32(clamping: (restNs + 999_999) / 1_000_000))
        }
    }

    // MARK: - Sending

    /// An empty batch, or nil when the input has to end.
    func takeBatch() -> BatchBox? {
        if let box = spare {
            spare = nil
            return box
        }
        if let box = session.takeBatch() { return box }
        isEnding = true
        return nil
    }

    /// Keeps a batch that nothing came into.
    func giveBack(_ box: BatchBox) {
        box.events.clear()
        spare = box
    }

    /// Sends a file's batch with the position behind it.
    func send(_ file: FollowedFile, _ box: BatchBox, bytes: Int) {
        if setting.includesPath { box.events.addPath(file.path) }
        session.send(
            box, stream: file.inode.stream, bytes: bytes,
            positions: [Position(key: file.inode.key, value: file.position.text)])
    }

    /// Moves positions without events.
    func send(positions: [Position]) {
        guard let box = takeBatch() else { return }
        session.send(box, stream: 0, bytes: 0, positions: positions)
    }

    private func sendStarted() { send(positions: [Position(key: Self.startedKey, value: "1")]) }
}

/// Files with something to read, in the order in which they are served.
struct FileQueue {
    private var inodes: [Inode] = []
    private var start = 0

    mutating func push(_ inode: Inode) { inodes.append(inode) }

    mutating func pushFirst(_ inode: Inode) {
        if start > 0 {
            start -= 1
            inodes[start] = inode
        } else {
            inodes.insert(inode, at: 0)
        }
    }

    mutating func pop() -> Inode? {
        guard start < inodes.count else { return nil }
        let inode = inodes[start]
        start += 1
        if start == inodes.count || start > 4_096 {
            inodes.removeFirst(start)
            start = 0
        }
        return inode
    }
}

extension EventBatch {
    /// Gives every event the meta field `path`.
    borrowing func addPath(_ path: String) {
        var path = path
        let text = path.withUTF8 { append(UnsafeRawBufferPointer($0)) }
        for index in 0..<count {
            let event = raw.pointee.events + index
            if event.pointee.count == event.pointee.capacity,
                !sl_event_relocate(raw, event, event.pointee.count + UInt16(SL_SPARE_SLOTS))
            {
                preconditionFailure("out of memory for fields")
            }
            let slot = raw.pointee.slots + Int(event.pointee.first) + Int(event.pointee.count)
            slot.pointee = sl_slot()
            slot.pointee.key = UInt16(SL_KEY_PATH)
            slot.pointee.type = UInt8(SL_STRING)
            slot.pointee.flags = UInt8(SL_META)
            slot.pointee.text = text
            event.pointee.count += 1
        }
    }
}
