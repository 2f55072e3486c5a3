import Glibc
import Testing

@testable import SluiceNetwork

struct PassedSocketsTests {
    private func named(_ name: String, _ environment: PassedSockets.Environment) -> Result<[Int32], NetworkError> {
        do throws(NetworkError) {
            return .success(try PassedSockets.named(name, environment: environment))
        } catch {
            return .failure(error)
        }
    }

    private static let two = PassedSockets.Environment(count: "2", process: "77", names: "syslog:http", ownProcess: 77)

    @Test func `without a name all are meant`() { #expect(named("", Self.two) == .success([3, 4])) }

    @Test func `names choose`() {
        #expect(named("http", Self.two) == .success([4]))
        let same = PassedSockets.Environment(count: "3", process: "77", names: "a:b:a", ownProcess: 77)
        #expect(named("a", same) == .success([3, 5]))
    }

    @Test func `a name that nothing has is an error that lists those there are`() {
        #expect(
            named("web", Self.two)
                == .failure(
                    NetworkError(.missing, "cannot listen on systemd:web: no passed socket is called `web`; there are `syslog`, `http`")))
        let nameless = PassedSockets.Environment(count: "1", process: "77", names: nil, ownProcess: 77)
        #expect(
            named("web", nameless)
                == .failure(
                    NetworkError(
                        .missing,
                        "cannot listen on systemd:web: no passed socket is called `web`; they have no names (`FileDescriptorName=`)")))
    }

    @Test(arguments: [
        PassedSockets.Environment(count: nil, process: nil, names: nil, ownProcess: 77),
        PassedSockets.Environment(count: "0", process: "77", names: nil, ownProcess: 77),
        PassedSockets.Environment(count: "x", process: "77", names: nil, ownProcess: 77),
        // Meant for another process, that has started this one.
        PassedSockets.Environment(count: "2", process: "78", names: nil, ownProcess: 77),
    ])
    func `what was passed to nobody or to another process is no socket`(_ environment: PassedSockets.Environment) {
        #expect(
            named("", environment)
                == .failure(
                    NetworkError(
                        .missing,
                        "cannot listen on systemd:: the service manager has passed no socket; it needs a `.socket` unit for this service")))
    }

    /// Places for descriptors that nobody else uses.
    private static let places: Int32 = 700

    @Test func `each socket is asked what it is`() throws {
        let folder = NetworkFolder()
        let address = try ResolvedAddress.resolve(host: "127.0.0.1", port: 0, type: SOCK_STREAM)[0]
        var placed = Self.places
        defer { for descriptor in Self.places..<placed { close(descriptor) } }
        /// Binds a socket and puts it where the manager would.
        func pass(_ family: Int32, _ type: __socket_type, path: String? = nil, listens: Bool) {
            let descriptor = socket(family, Int32(type.rawValue), 0)
            if let path {
                var name = sockaddr_un(path: path)!
                precondition(name.withAddress { bind(descriptor, $0, $1) } == 0)
            } else {
                precondition(address.withAddress { bind(descriptor, $0, $1) } == 0)
            }
            if listens { precondition(listen(descriptor, 1) == 0) }
            precondition(dup2(descriptor, placed) == placed)
            close(descriptor)
            placed += 1
        }
        pass(AF_INET, SOCK_STREAM, listens: true)
        pass(AF_INET, SOCK_DGRAM, listens: false)
        pass(AF_UNIX, SOCK_STREAM, path: "\(folder.path)/stream", listens: true)
        pass(AF_UNIX, SOCK_DGRAM, path: "\(folder.path)/datagram", listens: false)
        let environment = PassedSockets.Environment(count: "4", process: "7", names: "net:net:log:log", ownProcess: 7)
        func take(_ name: String, _ kind: PassedSockets.Kind) throws -> [PassedSocket] {
            try PassedSockets.take(name: name, kind: kind, environment: environment, first: Self.places)
        }
        func port(_ place: Int32) -> Int { ResolvedAddress(of: Self.places + place)?.port ?? 0 }
        let (streams, datagrams) = (try take("", .stream), try take("", .datagram))
        defer { for socket in streams + datagrams { close(socket.descriptor) } }
        #expect(streams.map(\.address) == ["tcp://127.0.0.1:\(port(0))", "unix:\(folder.path)/stream"])
        #expect(datagrams.map(\.address) == ["udp://127.0.0.1:\(port(1))", "unixgram:\(folder.path)/datagram"])
        #expect(streams.map(\.isUnix) == [false, true])
        // A copy, so that it can be closed and taken again.
        #expect(Set((streams + datagrams).map(\.descriptor)).isDisjoint(with: Set(Self.places..<placed)))
        for socket in streams { #expect(fcntl(socket.descriptor, F_GETFL) & O_NONBLOCK != 0) }
        let named = try take("log", .datagram)
        defer { for socket in named { close(socket.descriptor) } }
        #expect(named.map(\.address) == ["unixgram:\(folder.path)/datagram"])
    }

    @Test func `what is no socket, or one that does not listen, is an error`() throws {
        let place = Self.places + 100
        defer { close(place) }
        func refusal() -> NetworkError? {
            do throws(NetworkError) {
                _ = try PassedSockets.take(
                    name: "", kind: .stream, environment: .init(count: "1", process: "7", names: nil, ownProcess: 7), first: place)
                return nil
            } catch {
                return error
            }
        }
        let file = open("/dev/null", O_RDONLY)
        #expect(dup2(file, place) == place)
        close(file)
        #expect(
            refusal()
                == NetworkError(
                    .notASocket, "cannot listen on systemd:: passed descriptor \(place) is no socket: socket operation on non-socket"))
        let idle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #expect(dup2(idle, place) == place)
        close(idle)
        #expect(
            refusal()
                == NetworkError(
                    .notASocket,
                    "cannot listen on systemd:: passed socket \(place) takes neither connections nor datagrams; use `ListenStream=` with `Accept=no`, "
                        + "or `ListenDatagram=`"))
    }
}
