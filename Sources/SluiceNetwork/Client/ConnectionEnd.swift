/// How a connection ended.
package enum ConnectionEnd: Sendable, Equatable {
    /// The peer closed it after it had taken every byte that was sent: nothing lay unread in its socket, else its system would have reset
    /// the connection.
    case clean
    /// In any other way; what was sent last may not have been read.
    case broken(NetworkError)
}
