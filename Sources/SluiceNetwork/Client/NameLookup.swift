package import Glibc
package import SluiceComponent

/// Finds the addresses of a host.
///
/// The system's resolver can neither be stopped nor told how long it may take, so it is asked on a thread of its own, which ends by
/// itself when nobody waits for it any more.
package final class NameLookup: Sendable {
    private let host: String
    private let answer = Monitor<Result<[ResolvedAddress], NetworkError>?>(nil)
    private let bell = Bell()

    /// Begins to look a name up for sockets of a type (`SOCK_STREAM`, `SOCK_DGRAM`); an IP address is known at once.
    package init(host: String, port: Int, type: __socket_type) {
        self.host = host
        let look: @Sendable () -> Result<[ResolvedAddress], NetworkError> = {
            do throws(NetworkError) {
                return .success(try ResolvedAddress.resolve(host: host, port: port, type: type))
            } catch {
                return .failure(error)
            }
        }
        if IPAddress(host) != nil {
            let known = look()
            answer.withLock { $0 = known }
            return
        }
        let thread = WorkerThread("name-lookup") { [answer, bell] in
            let found = look()
            answer.withLock { $0 = found }
            bell.ring()
        }
        thread.detach()
    }

    /// Whether the answer has come.
    package var isDone: Bool { answer.withLock { $0 != nil } }

    /// The addresses; waits for them until `deadline` of the monotonic clock. May be called again after it has passed.
    package func addresses(until deadline: Int64, stop: StopFlag) throws(NetworkError) -> [ResolvedAddress] {
        while true {
            if let answer = answer.withLock({ $0 }) { return try answer.get() }
            switch Waiting.wait(for: bell.descriptor, Int16(POLLIN), until: deadline, stop: stop) {
            case .ready: continue
            case .stopped: throw NetworkError(.stopped, "the program is to end")
            case .late: throw NetworkError(.timedOut, "the name `\(host)` was not resolved in time")
            }
        }
    }
}
