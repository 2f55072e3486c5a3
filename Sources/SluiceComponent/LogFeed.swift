import Glibc
import Synchronization

/// What the program logs, for an input that makes events of it: the last lines, numbered, in a bounded ring. Who reads too slowly loses
/// the oldest ones, and sees by the numbers how many.
///
/// A line that is logged while such an event is worked on would become another one, and so for ever: a thread that does is muted, and
/// what it logs is written but not fed.
package final class LogFeed: Sendable {
    /// A line of the log.
    package struct Entry: Sendable {
        /// Counted from 1.
        package let number: Int64
        /// Nanoseconds since 1970 UTC.
        package let time: Int64
        /// RFC 5424's number, 0...7.
        package let severity: Int64
        package let message: String
        package let fields: [(name: String, value: String)]

        fileprivate var size: Int { message.utf8.count + fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count } }
    }

    /// Lines that wait at most.
    package static let entriesMax = 4_096
    /// Bytes of their texts at most.
    package static let bytesMax = 1 << 20

    private struct State {
        var entries: [Entry] = []
        var head = 0
        var bytes = 0
        var last: Int64 = 0
        var bells: [Bell] = []
        var sources: Set<Int> = []

        mutating func removeFirst() {
            bytes -= entries[head].size
            head += 1
            if head >= LogFeed.entriesMax {
                entries.removeFirst(head)
                head = 0
            }
        }
    }

    private let state = Mutex(State())
    /// Names this run of the program: numbers of another one mean nothing.
    package let run: String

    /// A feed that nothing was logged into.
    package init(run: String = "\(getpid())-\(MonotonicClock.now)") { self.run = run }

    /// Takes a line; never waits.
    package func add(time: Int64, severity: Int64, message: String, fields: [(name: String, value: String)] = []) {
        if Self.isMuted { return }
        let bells = state.withLock { state in
            state.last += 1
            let entry = Entry(number: state.last, time: time, severity: severity, message: message, fields: fields)
            state.entries.append(entry)
            state.bytes += entry.size
            while state.entries.count - state.head > Self.entriesMax || state.bytes > Self.bytesMax, state.head < state.entries.count {
                state.removeFirst()
            }
            return state.bells
        }
        for bell in bells { bell.ring() }
    }

    /// The lines behind a number, so many at most, and how many of those between were lost.
    package func entries(after number: Int64, max count: Int) -> (entries: [Entry], lost: Int) {
        state.withLock { state in
            let waiting = state.entries[state.head...]
            let first = waiting.firstIndex { $0.number > number } ?? waiting.endIndex
            let entries = Array(waiting[first...].prefix(count))
            let next = entries.first?.number ?? state.last + 1
            return (entries, Int(max(0, next - number - 1)))
        }
    }

    /// A bell that is rung for every line, until ``leave(_:)``.
    package func join() -> Bell {
        let bell = Bell()
        state.withLock { $0.bells.append(bell) }
        return bell
    }

    /// The bell is rung no more.
    package func leave(_ bell: Bell) { state.withLock { $0.bells.removeAll { $0 === bell } } }

    // MARK: - Muting

    /// Events of the input with this number are lines of the log.
    package func claim(source: Int) { state.withLock { _ = $0.sources.insert(source) } }

    /// Whether events of an input are lines of the log.
    package func isClaimed(source: Int) -> Bool { state.withLock { $0.sources.contains(source) } }

    private static let muteKey: pthread_key_t = {
        var key = pthread_key_t()
        precondition(pthread_key_create(&key, nil) == 0, "no room for a thread's own value")
        return key
    }()

    /// Whether the calling thread is muted.
    package static var isMuted: Bool { pthread_getspecific(muteKey) != nil }

    /// Mutes the calling thread while `body` runs.
    package static func muted<Value>(_ body: () -> Value) -> Value {
        guard !isMuted else { return body() }
        pthread_setspecific(muteKey, UnsafeRawPointer(bitPattern: 1))
        defer { pthread_setspecific(muteKey, nil) }
        return body()
    }
}
