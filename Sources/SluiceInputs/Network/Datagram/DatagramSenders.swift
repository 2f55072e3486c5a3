import CSluice
import Glibc
import SluiceNetwork

/// What is known of the senders of one socket's datagrams, so that it is found out once for each of them.
///
/// It holds no more than ``sendersMax``: anybody can invent addresses.
struct DatagramSenders {
    /// Senders that are remembered.
    static let sendersMax = 10_000

    /// One sender.
    struct Known {
        let sender: EventSender
        let isAllowed: Bool
        /// Index of the decoding that holds for it.
        let decodingIndex: Int
        let lane: Int
        /// Where it stands in the batch of that lane with the number `serial`.
        var placed: EventFilling.Placed?
        var serial: UInt64 = 0
    }

    /// What tells senders apart.
    private enum Key: Hashable {
        case address(IPAddress)
        case credentials(Int32, UInt32, UInt32)
        case unknown
    }

    private let setting: ListeningSetting
    private let lanes: Int
    private var known: [Known] = []
    private var indices: [Key: Int] = [:]
    private var last: (key: Key, index: Int)?

    /// Nobody is known yet.
    init(_ setting: ListeningSetting, lanes: Int) {
        self.setting = setting
        self.lanes = max(1, lanes)
    }

    /// How many are remembered.
    var count: Int { known.count }

    subscript(_ index: Int) -> Known {
        _read { yield known[index] }
        _modify { yield &known[index] }
    }

    /// Index of a datagram's sender; valid until the next call.
    mutating func find(_ datagram: sl_datagram) -> Int {
        let sender = Self.sender(datagram)
        let key = Self.key(sender)
        if let last, last.key == key { return last.index }
        let index = indices[key] ?? add(sender, key)
        last = (key, index)
        return index
    }

    private mutating func add(_ sender: EventSender, _ key: Key) -> Int {
        if known.count == Self.sendersMax {
            known.removeAll(keepingCapacity: true)
            indices.removeAll(keepingCapacity: true)
        }
        let index = known.count
        known.append(
            Known(
                sender: sender, isAllowed: setting.listen.access.allows(sender.address),
                decodingIndex: setting.decodingIndex(of: sender.address),
                lane: Int(UInt(bitPattern: key.hashValue) % UInt(lanes)), placed: nil))
        indices[key] = index
        return index
    }

    private static func sender(_ datagram: sl_datagram) -> EventSender {
        if let address = datagram.address {
            // SAFETY: the kernel has written an address there, and every one begins as `sockaddr` does.
            return EventSender(address: IPAddress(address.assumingMemoryBound(to: sockaddr.self)))
        }
        // What was sent before anybody asked for credentials has those of nobody.
        guard datagram.has_credentials, datagram.process != 0 || datagram.user != nobody || datagram.group != nobody else {
            return EventSender(address: nil)
        }
        return EventSender(
            address: nil, credentials: PeerCredentials(process: datagram.process, user: datagram.user, group: datagram.group))
    }

    /// The kernel's number for users and groups that it does not know.
    private static let nobody: UInt32 = 65_534

    private static func key(_ sender: EventSender) -> Key {
        if let address = sender.address { return .address(address) }
        return sender.credentials.map { .credentials($0.process, $0.user, $0.group) } ?? .unknown
    }
}
