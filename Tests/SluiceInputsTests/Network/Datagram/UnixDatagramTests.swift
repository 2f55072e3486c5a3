import CSluice
import Foundation
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceNetwork
import Testing

@testable import SluiceInputs

@Suite struct UnixDatagramTests {
    let folder = TemporaryFolder()
    var path: String { folder.path + "/log" }

    func start(_ values: [(key: String, value: OptionValues.Value)] = [], session: TestSession = TestSession()) throws -> RunningReceiver {
        try RunningReceiver([("listen", .text("unixgram:\(path)"))] + values, session: session)
    }

    func mode() -> UInt32? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    @Test func `the kernel's word says which process sent an event`() throws {
        let running = try start(
            session: DatagramReceiverTests.session("@pid", "@uid", "@gid", "appname", "procid", "message", "peer"))
        try running.sender().send("<30>Oct 11 22:14:15 app[1]: text")
        #expect(running.session.messages(1) == ["\(getpid()) \(getuid()) \(getgid()) app 1 text "])
    }

    @Test func `a missing host is this machine`() throws {
        let running = try start(session: DatagramReceiverTests.session("hostname", "message"))
        try running.sender().send("<30>Oct 11 22:14:15 app[1]: text\0")
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, 255)
        let own = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #expect(running.session.messages(1) == ["\(own) text"])
    }

    @Test func `everybody may write to the socket, unless the mode says otherwise`() throws {
        try start().stop()
        #expect(mode() == nil, "the file is removed in the end")
        let open = try start()
        #expect(mode() == 0o666)
        open.stop()
        let narrow = try start([("socket_mode", .text("0620"))])
        #expect(mode() == 0o620)
        narrow.stop()
    }

    @Test func `a sender waits while the socket is full, and nothing is lost`() throws {
        let running = try start()
        let sender = try running.sender()
        running.session.hold()
        let writer = WorkerThread("writer") { [path] in
            let sender = try? DatagramSender(.unixDatagram(path: path))
            for number in 0..<3_000 { sender?.send("<13>app: \(number)") }
        }
        running.session.awaitHeld()
        running.session.release()
        #expect(running.session.messages(3_000).compactMap { Int($0) } == Array(0..<3_000))
        writer.join()
        sender.send("<13>app: end")
        #expect(running.session.messages(3_001).last == "end")
        #expect(running.session.counter(.datagramsLost) == 0)
    }

    @Test func `the socket of a dead process is replaced`() throws {
        let dead = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var name = try #require(sockaddr_un(path: path))
        try #require(name.withAddress { bind(dead, $0, $1) } == 0)
        close(dead)
        let running = try start()
        try running.sender().send("<13>app: text")
        #expect(running.session.messages(1) == ["text"])
    }

    @Test func `the socket of a living process is left alone`() throws {
        let first = try start()
        let error = #expect(throws: NetworkError.self) { try start() }
        #expect(error?.code == .inUse)
        try first.sender().send("<13>app: still heard")
        #expect(first.session.messages(1) == ["still heard"])
    }

    @Test func `what is no socket is never removed`() throws {
        _ = folder.file("log", "precious")
        let error = #expect(throws: NetworkError.self) { try start() }
        #expect(error?.code == .notASocket)
        #expect(FileManager.default.contents(atPath: path) == Data("precious".utf8))
        let missing = #expect(throws: NetworkError.self) {
            try RunningReceiver([("listen", .text("unixgram:\(folder.path)/none/log"))])
        }
        #expect(missing?.message.hasSuffix("the folder `\(folder.path)/none` does not exist") == true)
    }

    @Test func `a socket that took the path meanwhile is not removed in the end`() throws {
        let first = try start()
        try #require(unlink(path) == 0)
        let second = try start()
        first.stop()
        #expect(mode() == 0o666)
        try second.sender().send("<13>app: heard")
        #expect(second.session.messages(1) == ["heard"])
        second.stop()
        #expect(mode() == nil)
    }

    @Test func `each process has a rate of its own`() throws {
        let running = try start([("rate_limit", .text("20"))])
        let sender = try running.sender()
        for number in 0..<400 { sender.send("<13>app: \(number)") }
        running.waitForAll(400, or: .rateLimited)
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        shell.arguments = ["logger", "--socket", path, "--tag", "other", "its own"]
        try shell.run()
        shell.waitUntilExit()
        _ = running.session.wait(for: "the other process") { $0.sent.contains { $0.messages.contains("its own") } ? true : nil }
    }

    @Test func `a datagram larger than any of UDP arrives whole`() throws {
        let running = try RunningReceiver(
            .unix, [("listen", .text("unixgram:\(path)")), ("max_frame_size", .text("1MiB")), ("format", .text("plain"))])
        let text = String(repeating: "long ", count: 30_000)
        try running.sender().send(text)
        #expect(running.session.messages(1) == [text])
    }
}
