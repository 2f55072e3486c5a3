import SluiceComponent
import SluiceNetwork

/// One receiver of datagrams and what it has not confirmed.
final class DatagramTarget {
    let address: NetworkAddress
    var sender: DatagramSender?
    /// Parcels that were written since the last confirmation.
    var marks = ParcelMarks()
    /// Whether something was sent on the socket that no refusal has followed for a while.
    var isProven = false
    /// Refusals since the last confirmation.
    var refusals = 0
    /// When it is tried again after a failure, on the monotonic clock.
    var retryAt: Int64 = 0

    init(_ address: NetworkAddress) { self.address = address }

    /// Whether all that is heard of it are refusals.
    var isUDP: Bool { address.port != nil }
}
