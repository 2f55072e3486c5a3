/// How many connections there are, of whom. Pure.
struct ConnectionTable {
    private let limits: ConnectionLimits
    private(set) var count = 0
    private var countOfPeer: [IPAddress: Int] = [:]

    init(_ limits: ConnectionLimits) { self.limits = limits }

    /// Takes a connection in; or says why not.
    mutating func admit() -> ConnectionEvent.Refusal? {
        guard count < limits.connectionsMax else { return .tooMany }
        count += 1
        return nil
    }

    /// One that was admitted is over.
    mutating func release() { count -= 1 }

    /// Takes a connection of a peer in, once it is known whose it is; or says why not. Unix sockets have one peer: the machine.
    mutating func admit(_ peer: IPAddress?) -> ConnectionEvent.Refusal? {
        guard let peer else { return nil }
        let open = countOfPeer[peer, default: 0]
        guard open < limits.connectionsPerPeerMax else { return .tooManyOfPeer }
        countOfPeer[peer] = open + 1
        return nil
    }

    /// One of a peer is over.
    mutating func release(_ peer: IPAddress?) {
        guard let peer, let open = countOfPeer[peer] else { return }
        countOfPeer[peer] = open > 1 ? open - 1 : nil
    }
}
