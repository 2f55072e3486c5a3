import Glibc

/// How many files and sockets this process may have open.
enum DescriptorLimit {
    /// What a process needs beside its connections.
    private static let others = 256

    /// Makes room for so many connections as far as this process may; says what is missing when it may not.
    static func makeRoom(forConnections count: Int) -> String? {
        var limit = rlimit()
        let wanted = rlim_t(count + others)
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < wanted else { return nil }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur == wanted else {
            return "`connections_max` is \(count), but this process may have only \(limit.rlim_cur) files and connections open; "
                + "raise that limit (`LimitNOFILE=` in the service's unit) or lower `connections_max`"
        }
        return nil
    }
}
