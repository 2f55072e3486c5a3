/// How a connection ended.
package enum ConnectionEnd: Sendable, Equatable {
    /// The peer closed it after it had taken every byte that was sent: nothing lay unread in its socket, else its system would have reset
    /// the connection.
    case clean
    /// It was closed here, the peer's system has acknowledged everything, and the peer has not ended its own direction in time: it lives, and
    /// nothing says that it will not read what it has.
    case unanswered
    /// In any other way; what was sent last may not have been read.
    case broken(NetworkError)
}
