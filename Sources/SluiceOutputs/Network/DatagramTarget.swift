import SluiceComponent
import SluiceNetwork

/// One receiver of datagrams and what it has not confirmed.
final class DatagramTarget {
    let address: NetworkAddress
    var sender: DatagramSender?
    /// Parcels that were written since the last confirmation.
    var marks = ParcelMarks()
    /// Refusals since then.
    var refusals = 0
    /// When it is tried again after a failure, on the monotonic clock.
    var retryAt: Int64 = 0

    init(_ address: NetworkAddress) { self.address = address }
}
