import CSluice
import Glibc
import SluiceComponent

/// Connects sockets, on the thread that wants them.
enum SocketDial {
    /// Time between two attempts at a Unix socket whose queue of connections is full.
    private static let queueWaitNs: Int64 = 10_000_000

    /// A connected stream socket, non-blocking; the caller closes it. Errors say only the reason.
    static func connect(to name: SocketName, until deadline: Int64, stop: StopFlag) throws(NetworkError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(name.family, kind, 0)
        guard descriptor >= 0 else { throw fault(errno) }
        do throws(NetworkError) {
            try connect(descriptor, name, deadline, stop)
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func connect(_ descriptor: Int32, _ name: SocketName, _ deadline: Int64, _ stop: StopFlag) throws(NetworkError) {
        while true {
            let number = name.withAddress { Glibc.connect(descriptor, $0, $1) == 0 ? 0 : errno } ?? ENAMETOOLONG
            switch number {
            case 0: return
            case EINTR: continue
            case EAGAIN where name.family == AF_UNIX:
                guard MonotonicClock.now < deadline else {
                    throw NetworkError(.timedOut, "its queue of connections was full all the time")
                }
                if stop.wait(nanoseconds: min(queueWaitNs, deadline - MonotonicClock.now)) { throw stopped }
                continue
            case EINPROGRESS: break
            default: throw fault(number)
            }
            switch Waiting.wait(for: descriptor, Int16(POLLOUT), until: deadline, stop: stop) {
            case .late: throw NetworkError(.timedOut, "no answer in time")
            case .stopped: throw stopped
            case .ready: break
            }
            let error = sl_socket_error(descriptor)
            guard error == 0 else { throw fault(error) }
            // Two ends of one socket meet when nobody listens on a port that outgoing connections may use as well.
            guard !sl_is_self_connected(descriptor) else { throw fault(ECONNREFUSED) }
            return
        }
    }

    private static var stopped: NetworkError { NetworkError(.stopped, "the program is to end") }

    /// Why a connection cannot be made.
    static func fault(_ number: Int32) -> NetworkError {
        let text = NetworkError.text(of: number)
        return switch number {
        case ECONNREFUSED: NetworkError(.refused, "\(text); nobody listens there")
        case ETIMEDOUT: NetworkError(.timedOut, text)
        case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL: NetworkError(.unreachable, text)
        case EACCES, EPERM: NetworkError(.notPermitted, text)
        case ENOENT: NetworkError(.missing, "there is no such socket")
        case EPROTOTYPE: NetworkError(.system, "the socket is of the other kind (`unix:` is for streams, `unixgram:` for datagrams)")
        default: NetworkError(.system, text)
        }
    }
}
