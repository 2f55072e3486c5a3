import Glibc
package import SluiceComponent

/// Finds the addresses of a host.
///
/// The system's resolver can neither be stopped nor told how long it may take, so it is asked on a thread of its own, which ends by
/// itself when nobody waits for it any more.
package final class NameLookup: Sendable {
    private let host: String
    private let answer = Monitor<Result<[SocketName], NetworkError>?>(nil)
    private let bell = Bell()

    /// Begins to look a name up; an IP address is known at once.
    package init(host: String, port: Int, isStream: Bool) {
        self.host = host
        if let known = Self.names(host, port, isStream, flags: AI_NUMERICHOST) {
            answer.withLock { $0 = .success(known) }
            return
        }
        let thread = WorkerThread("name-lookup") { [self] in
            var number: Int32 = 0
            let names = Self.names(host, port, isStream, flags: 0, number: &number)
            let failure = NetworkError(.unresolvable, "the name `\(host)` cannot be resolved: \(String(cString: gai_strerror(number)))")
            answer.withLock { $0 = names.map { .success($0) } ?? .failure(failure) }
            bell.ring()
        }
        thread.detach()
    }

    /// Whether the answer has come.
    package var isDone: Bool { answer.withLock { $0 != nil } }

    /// The addresses; waits for them until `deadline` of the monotonic clock. May be called again after it has passed.
    package func names(until deadline: Int64, stop: StopFlag) throws(NetworkError) -> [SocketName] {
        while true {
            if let answer = answer.withLock({ $0 }) { return try answer.get() }
            switch Waiting.wait(for: bell.descriptor, Int16(POLLIN), until: deadline, stop: stop) {
            case .ready: continue
            case .stopped: throw NetworkError(.stopped, "the program is to end")
            case .late: throw NetworkError(.timedOut, "the name `\(host)` was not resolved in time")
            }
        }
    }

    private static func names(
        _ host: String, _ port: Int, _ isStream: Bool, flags: Int32
    ) -> [SocketName]? {
        var number: Int32 = 0
        return names(host, port, isStream, flags: flags, number: &number)
    }

    private static func names(
        _ host: String, _ port: Int, _ isStream: Bool, flags: Int32, number: inout Int32
    ) -> [SocketName]? {
        var hints = addrinfo()
        hints.ai_flags = flags | AI_NUMERICSERV
        hints.ai_socktype = Int32(isStream ? SOCK_STREAM.rawValue : SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        number = getaddrinfo(host, String(port), &hints, &list)
        guard number == 0 else { return nil }
        defer { freeaddrinfo(list) }
        var names: [SocketName] = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr { names.append(SocketName(address, length: Int(entry.ai_addrlen))) }
            next = entry.ai_next
        }
        return names.isEmpty ? nil : names
    }
}
