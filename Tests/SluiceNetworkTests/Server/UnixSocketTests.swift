import Glibc
import SluiceComponent
import SluiceConfig
import SluiceNetwork
import Testing

struct UnixSocketTests {
    private func server(_ folder: NetworkFolder, _ options: (String, OptionValues.Value)...) throws -> RunningServer {
        try RunningServer([("listen", .text("unix:a.sock"))] + options.map { (key: $0.0, value: $0.1) }, folder: folder.path)
    }

    private func refusal(_ folder: NetworkFolder, _ options: (String, OptionValues.Value)...) -> NetworkError? {
        do {
            try RunningServer([("listen", .text("unix:a.sock"))] + options.map { (key: $0.0, value: $0.1) }, folder: folder.path).end()
            return nil
        } catch {
            return error as? NetworkError
        }
    }

    /// A socket that a process has left behind: bound, and nobody listens.
    private func leaveStale(_ path: String, _ type: __socket_type) {
        let descriptor = socket(AF_UNIX, Int32(type.rawValue), 0)
        var name = sockaddr_un(path: path)!
        precondition(name.withAddress { bind(descriptor, $0, $1) } == 0)
        close(descriptor)
    }

    @Test func `everybody may connect unless a mode says otherwise`() throws {
        let folder = NetworkFolder()
        let server = try server(folder)
        #expect(folder.mode("a.sock") == 0o666)
        #expect(server.end())
        let strict = try self.server(folder, ("socket_mode", .text("0600")), ("socket_owner", .text("\(getuid())")))
        #expect(folder.mode("a.sock") == 0o600)
        #expect(try TestClient(path: "\(folder.path)/a.sock").line() == "hello")
        #expect(strict.end())
    }

    @Test func `an owner that does not exist is an error, and nothing is left`() {
        let folder = NetworkFolder()
        #expect(
            refusal(folder, ("socket_owner", .text("no-such-user")))
                == NetworkError(
                    .missing, "cannot listen on unix:\(folder.path)/a.sock: there is no user `no-such-user` for `socket_owner`"))
        #expect(
            refusal(folder, ("socket_group", .text("no-such-group")))
                == NetworkError(
                    .missing, "cannot listen on unix:\(folder.path)/a.sock: there is no group `no-such-group` for `socket_group`"))
        #expect(!folder.exists("a.sock"))
    }

    @Test func `what a dead process has left is replaced`() throws {
        let folder = NetworkFolder()
        for type in [SOCK_STREAM, SOCK_DGRAM] {
            leaveStale("\(folder.path)/a.sock", type)
            let server = try server(folder)
            #expect(try TestClient(path: "\(folder.path)/a.sock").line() == "hello")
            #expect(server.end())
        }
    }

    @Test func `a socket at which somebody listens is left alone`() throws {
        let folder = NetworkFolder()
        let first = try server(folder)
        let error = NetworkError(
            .inUse, "cannot listen on unix:\(folder.path)/a.sock: another program listens there: stop it, or choose another path")
        #expect(refusal(folder) == error)
        #expect(try TestClient(path: "\(folder.path)/a.sock").line() == "hello")
        #expect(first.end())
        // A datagram socket that is held is no less alive.
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var name = sockaddr_un(path: "\(folder.path)/a.sock")!
        #expect(name.withAddress { bind(descriptor, $0, $1) } == 0)
        #expect(refusal(folder) == error)
        close(descriptor)
    }

    @Test func `what is no socket is never removed`() {
        let folder = NetworkFolder()
        folder.write("a.sock", "precious")
        #expect(
            refusal(folder)
                == NetworkError(
                    .notASocket,
                    "cannot listen on unix:\(folder.path)/a.sock: something that is no socket stands there, and it was left alone; move it away or choose another path"
                ))
        #expect(folder.read("a.sock") == "precious")
        // Not through a link either.
        folder.move("a.sock", to: "target")
        #expect(symlink("target", "\(folder.path)/a.sock") == 0)
        #expect(refusal(folder)?.code == .notASocket)
        #expect(folder.read("target") == "precious")
    }

    @Test func `in the end only the own socket is removed`() throws {
        let folder = NetworkFolder()
        let server = try server(folder)
        folder.move("a.sock", to: "moved.sock")
        leaveStale("\(folder.path)/a.sock", SOCK_STREAM)
        #expect(server.end())
        #expect(folder.exists("a.sock"))
    }

    @Test func `a missing folder is an error that names it`() {
        #expect(
            throws: NetworkError(
                .missing, "cannot listen on unix:/tmp/no/such/folder/a.sock: the folder `/tmp/no/such/folder` does not exist")
        ) { try RunningServer([("listen", .text("unix:/tmp/no/such/folder/a.sock"))]) }
    }

    @Test func `a path that may not be written to is an error that says what is needed`() {
        let error = NetworkError.listening(on: .unix(path: "/run/app/a.sock"), number: EACCES)
        #expect(
            error
                == NetworkError(
                    .notPermitted,
                    "cannot listen on unix:/run/app/a.sock: permission denied; the user that sluice runs as has to be able to write to `/run/app`"
                ))
    }
}
