import Glibc
import SluiceOutputs
import Synchronization

/// The operating system, whose calls fail when the test says so: counted, not by chance.
final class FailingFileSystem: FileSystem {
    /// What a call comes to, by its number from 1.
    enum Fate {
        case works
        case fails(Int32)
        /// A write takes half of the bytes and the next call fails: a full disk.
        case takesHalf
    }

    private let inner = LinuxFileSystem()
    private let fate: @Sendable (Int) -> Fate
    private let count = Mutex(0)

    init(_ fate: @escaping @Sendable (Int) -> Fate) { self.fate = fate }

    /// Calls so far.
    var calls: Int { count.withLock { $0 } }

    private func next() -> Fate {
        fate(
            count.withLock {
                $0 += 1
                return $0
            })
    }

    private func check() throws(SystemFault) {
        if case .fails(let number) = next() { throw SystemFault(number) }
    }

    func open(_ folder: Int32, _ name: String, _ flags: Int32, mode: mode_t) throws(SystemFault) -> Int32 {
        try check()
        return try inner.open(folder, name, flags, mode: mode)
    }

    func makeFolder(_ folder: Int32, _ name: String, mode: mode_t) throws(SystemFault) {
        try check()
        try inner.makeFolder(folder, name, mode: mode)
    }

    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemFault) -> Int {
        switch next() {
        case .works: return try inner.write(descriptor, bytes)
        case .fails(let number): throw SystemFault(number)
        case .takesHalf: return try inner.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<((bytes.count + 1) / 2)]))
        }
    }

    func read(_ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemFault) -> Int {
        try check()
        return try inner.read(descriptor, room, at: offset)
    }

    func facts(_ descriptor: Int32) throws(SystemFault) -> FileFacts {
        try check()
        return try inner.facts(descriptor)
    }

    func facts(_ folder: Int32, _ name: String) throws(SystemFault) -> FileFacts? {
        try check()
        return try inner.facts(folder, name)
    }

    func truncate(_ descriptor: Int32, to size: Int) throws(SystemFault) {
        try check()
        try inner.truncate(descriptor, to: size)
    }

    func sync(_ descriptor: Int32) throws(SystemFault) {
        try check()
        try inner.sync(descriptor)
    }

    func setMode(_ descriptor: Int32, _ mode: mode_t) throws(SystemFault) {
        try check()
        try inner.setMode(descriptor, mode)
    }

    func setOwner(_ descriptor: Int32, user: uid_t?, group: gid_t?) throws(SystemFault) {
        try check()
        try inner.setOwner(descriptor, user: user, group: group)
    }

    func rename(_ folder: Int32, _ old: String, to new: String) throws(SystemFault) {
        try check()
        try inner.rename(folder, old, to: new)
    }

    func remove(_ folder: Int32, _ name: String) throws(SystemFault) {
        try check()
        try inner.remove(folder, name)
    }

    func names(_ folder: Int32) throws(SystemFault) -> [String] {
        try check()
        return try inner.names(folder)
    }

    func close(_ descriptor: Int32) { inner.close(descriptor) }
}
