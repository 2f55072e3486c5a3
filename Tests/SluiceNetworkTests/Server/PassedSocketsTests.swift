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
}
