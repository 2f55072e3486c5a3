import Foundation
import Glibc
import Logging
import SluiceComponent
import Testing

@testable import SluiceAdmin

/// What a path is.
enum GlibcFile {
    static func exists(_ path: String) throws -> Bool {
        var found = stat()
        return lstat(path, &found) == 0
    }

    static func mode(_ path: String) -> mode_t {
        var found = stat()
        return lstat(path, &found) == 0 ? found.st_mode & 0o777 : 0
    }
}

@Suite struct ControlSocketTests {
    private func client(_ path: String) -> ControlClient { ControlClient(path: path) }

    @Test func `only its owner may connect, whatever the mask`() throws {
        let folder = try TemporaryFolder()
        let socket = try ControlSocket(path: folder.file("control.sock"))
        #expect(GlibcFile.mode(socket.path) == 0o600)
    }

    @Test func `the name goes with the socket`() throws {
        let folder = try TemporaryFolder()
        do { _ = try ControlSocket(path: folder.file("control.sock")) }
        #expect(try !GlibcFile.exists(folder.file("control.sock")))
    }

    @Test func `the socket of a dead process is replaced`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("control.sock")
        let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = try ControlSocket.address(of: path)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(dead, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        #expect(bound == 0)
        close(dead)
        #expect(try GlibcFile.exists(path))
        #expect(throws: AdminError(.notRunning, "the service is not running: nobody listens at `\(path)`")) {
            try client(path).send("GET", "/healthz", nanosecondsMax: 5_000_000_000)
        }
        let server = try AdminServer(
            .init(controlPath: path), routes: [], log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        #expect(try client(path).send("GET", "/healthz", nanosecondsMax: 5_000_000_000).status == 200)
        server.stop()
    }

    @Test func `a socket that somebody listens at is left alone`() throws {
        let fixture = try ServerFixture()
        let expected = AdminError(
            .inUse, "another service uses `\(fixture.path)`; stop it, or give this one a `data_dir` of its own")
        #expect(throws: expected) { try ControlSocket(path: fixture.path) }
        #expect(try fixture.send("GET", "/healthz").status == 200)
    }

    @Test func `what is not a socket is not removed`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("control.sock")
        try Data("precious".utf8).write(to: URL(filePath: path))
        let expected = AdminError(.cannotListen, "`\(path)` is not a socket; nothing was removed; move it out of the way")
        #expect(throws: expected) { try ControlSocket(path: path) }
        #expect(try Data(contentsOf: URL(filePath: path)) == Data("precious".utf8))
    }

    @Test func `a path that is too long is refused before anything is made`() throws {
        let folder = try TemporaryFolder()
        let longest = folder.file(String(repeating: "s", count: ControlSocket.pathBytesMax - folder.path.utf8.count - 1))
        #expect(throws: Never.self) { try ControlSocket(path: longest) }
        let expected = AdminError(
            .pathTooLong,
            "control socket `\(longest)s` has a path of 108 bytes, and Unix sockets allow 107; choose a shorter `data_dir`")
        #expect(throws: expected) { try ControlSocket(path: longest + "s") }
        #expect(throws: expected) { try client(longest + "s").send("GET", "/healthz", nanosecondsMax: 1_000_000_000) }
    }

    @Test func `a missing folder is said`() throws {
        #expect(throws: AdminError(.cannotListen, "cannot listen on `/nonexistent/control.sock`: No such file or directory")) {
            try ControlSocket(path: "/nonexistent/control.sock")
        }
        #expect(throws: AdminError(.notRunning, "the service is not running: no socket at `/nonexistent/control.sock`")) {
            try client("/nonexistent/control.sock").send("GET", "/healthz", nanosecondsMax: 1_000_000_000)
        }
    }

    @Test func `a service that does not answer is given up on`() throws {
        let folder = try TemporaryFolder()
        let silent = try ControlSocket(path: folder.file("control.sock"))
        let expected = AdminError(.noAnswer, "the service at `\(silent.path)` has not answered within 50 ms; try again, or see its log")
        #expect(throws: expected) { try client(silent.path).send("GET", "/status", nanosecondsMax: 50_000_000) }
    }
}
