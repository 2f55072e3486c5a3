import Glibc
import Testing

@testable import SluiceAdmin

/// What a service manager hears, on a real datagram socket.
private final class ListeningManager {
    private let descriptor: Int32

    /// Binds a path, or with `@` in front a name in the abstract space.
    init(_ path: String) {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + name.count + (name[0] == 0 ? 0 : 1)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(length)) }
        }
        precondition(status == 0)
    }

    deinit { close(descriptor) }

    /// The next datagram, nil when there is none.
    func receive() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}

@Suite struct ServiceManagerTests {
    @Test func `the manager hears of every stage, at a path and in the abstract space`() throws {
        let folder = try TemporaryFolder()
        for path in [folder.file("notify"), "@sluice-test-\(getpid())"] {
            let listening = ListeningManager(path)
            let manager = try #require(ServiceManager { $0 == "NOTIFY_SOCKET" ? path : nil })
            manager.ready(status: "generation 1\nof many")
            manager.reloading(now: 123_456_789_000)
            manager.status("3 inputs")
            manager.alive()
            manager.extend(nanoseconds: 5_000_000_000)
            manager.stopping(status: "finishing")
            #expect(listening.receive() == "READY=1\nSTATUS=generation 1 of many")
            #expect(listening.receive() == "RELOADING=1\nMONOTONIC_USEC=123456789")
            #expect(listening.receive() == "STATUS=3 inputs")
            #expect(listening.receive() == "WATCHDOG=1")
            #expect(listening.receive() == "EXTEND_TIMEOUT_USEC=5000000")
            #expect(listening.receive() == "STOPPING=1\nSTATUS=finishing")
            #expect(listening.receive() == nil)
        }
    }

    @Test func `a manager that is gone harms nobody`() throws {
        let folder = try TemporaryFolder()
        try #require(ServiceManager { $0 == "NOTIFY_SOCKET" ? folder.file("gone") : nil }).ready(status: "")
    }

    @Test(arguments: [nil, "", "@", "/", "relative", "vsock:2:1234", "/" + String(repeating: "x", count: 107)])
    func `without a usable address there is nobody to tell`(path: String?) {
        #expect(ServiceManager { $0 == "NOTIFY_SOCKET" ? path : nil } == nil)
    }

    @Test func `the watchdog is fed twice as often as it asks, when it asks this process`() {
        func interval(_ microseconds: String?, process: String?) -> Int64? {
            let variables = ["NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": microseconds, "WATCHDOG_PID": process]
            return ServiceManager(processID: 42) { variables[$0] ?? nil }?.watchdogNanoseconds
        }
        #expect(interval("30000000", process: "42") == 15_000_000_000)
        #expect(interval("30000000", process: nil) == 15_000_000_000)
        #expect(interval("30000000", process: "43") == nil)
        #expect(interval(nil, process: "42") == nil)
        for wrong in ["0", "-1", "soon", "99999999999999999999"] { #expect(interval(wrong, process: nil) == nil) }
    }
}
