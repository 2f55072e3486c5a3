import CSluice
import Glibc
package import SluiceComponent

/// A socket for datagrams that is connected to one receiver: UDP or Unix.
package final class DatagramSender {
    /// What became of a datagram.
    package enum Outcome: Sendable {
        case sent
        /// Nobody listens there (any more). What the socket was given since the last ``check(until:stop:)`` may be lost, this one was not sent.
        case refused(NetworkError)
        /// Larger than the way to the receiver takes.
        case tooLarge
    }

    private static let lookNs: Int64 = 50_000
    private static let lookNsMax: Int64 = 5_000_000

    /// Where it sends to.
    package let address: NetworkAddress
    private let descriptor: Int32
    /// Device and inode of a Unix socket's file when it was connected to: another file is another receiver.
    private let file: (device: dev_t, inode: ino_t)?

    /// Connects a socket; a host's name is looked up.
    package init(_ address: NetworkAddress, until deadline: Int64, stop: StopFlag) throws(NetworkError) {
        self.address = address
        do throws(NetworkError) {
            switch address {
            case .udp(let host, let port):
                let lookup = NameLookup(host: host, port: port, type: SOCK_DGRAM)
                descriptor = try Self.connect(try lookup.addresses(until: deadline, stop: stop).map { .ip($0) })
                file = nil
            case .unixDatagram(let path):
                file = Self.file(path)
                descriptor = try Self.connect([.unix(path: path)])
            default: preconditionFailure("`\(address.text)` takes no datagrams")
            }
        } catch {
            guard error.code != .stopped else { throw error }
            throw NetworkError(error.code, "cannot send to \(address.text): \(error.message)")
        }
    }

    deinit { close(descriptor) }

    /// Sends one datagram; waits until `timeoutNs` have passed while the receiver's queue is full.
    package func send(_ bytes: UnsafeRawBufferPointer, timeoutNs: Int64, stop: StopFlag) throws(NetworkError) -> Outcome {
        var deadline: Int64?
        while true {
            let number = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            if number >= 0 { return .sent }
            switch errno {
            case EINTR: continue
            case EMSGSIZE: return .tooLarge
            case EAGAIN, ENOBUFS:
                let end = deadline ?? MonotonicClock.now + timeoutNs
                deadline = end
                switch Waiting.wait(for: descriptor, Int16(POLLOUT), until: end, stop: stop) {
                case .ready: continue
                case .stopped: throw NetworkError(.stopped, "`\(address.text)` takes nothing and the program is to end")
                case .late:
                    throw NetworkError(.timedOut, "cannot send to \(address.text): its queue was full for all of `write_timeout`")
                }
            case ECONNREFUSED, ENOENT, ENOTCONN, ECONNRESET, EPIPE: return .refused(fault(errno))
            default: throw fault(errno)
            }
        }
    }

    /// Nil when nothing speaks against the arrival of what was sent: no refusal has come back (UDP, which can say no more), or (Unix) the
    /// receiver has read everything and is the same as before. Waits for that as long as it reads on; throws when it has read nothing
    /// for `timeoutNs`. With UDP a refusal is waited for `patienceNs` long: it takes its way through the network.
    package func check(timeoutNs: Int64, patienceNs: Int64 = 0, stop: StopFlag) throws(NetworkError) -> NetworkError? {
        guard case .unixDatagram(let path) = address else {
            if patienceNs > 0 { _ = Waiting.wait(for: descriptor, 0, until: MonotonicClock.now + patienceNs, stop: stop) }
            let number = sl_socket_error(descriptor)
            return number == 0 ? nil : fault(number)
        }
        var unread = sl_socket_unsent(descriptor)
        var deadline = MonotonicClock.now + timeoutNs
        var wait = Self.lookNs
        while unread > 0 {
            if stop.wait(nanoseconds: wait) { throw NetworkError(.stopped, "`\(address.text)` reads nothing and the program is to end") }
            let now = sl_socket_unsent(descriptor)
            if now != unread {
                deadline = MonotonicClock.now + timeoutNs
                wait = Self.lookNs
            } else {
                wait = min(wait * 2, Self.lookNsMax)
            }
            unread = now
            guard MonotonicClock.now < deadline else {
                throw NetworkError(.timedOut, "cannot send to \(address.text): it has read nothing for all of `write_timeout`")
            }
        }
        // The queue of a receiver that has died is empty as well.
        if let file, let now = Self.file(path), file == now, Self.isAlive(path) { return nil }
        return NetworkError(.closed, "cannot send to \(address.text): the receiver has gone away")
    }

    private func fault(_ number: Int32) -> NetworkError {
        let fault = SocketDial.fault(number)
        return NetworkError(fault.code, "cannot send to \(address.text): \(fault.message)")
    }

    /// The first address that a socket can be connected to.
    private static func connect(_ names: [SocketName]) throws(NetworkError) -> Int32 {
        var number = EADDRNOTAVAIL
        for name in names {
            let descriptor = socket(
                name.family, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            guard descriptor >= 0 else {
                number = errno
                continue
            }
            number = name.withAddress { Glibc.connect(descriptor, $0, $1) == 0 ? 0 : errno } ?? ENAMETOOLONG
            if number == 0 { return descriptor }
            close(descriptor)
        }
        throw SocketDial.fault(number)
    }

    private static func file(_ path: String) -> (device: dev_t, inode: ino_t)? {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        return (information.st_dev, information.st_ino)
    }

    private static func isAlive(_ path: String) -> Bool {
        guard let descriptor = try? connect([.unix(path: path)]) else { return false }
        close(descriptor)
        return true
    }
}
