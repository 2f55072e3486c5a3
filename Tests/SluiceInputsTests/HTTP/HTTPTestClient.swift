import Logging
import SluiceComponent
import SluiceNetwork

/// A client of the tests' own on a Unix socket: bytes out, responses in.
final class HTTPTestClient {
    /// A response.
    struct Response: Equatable {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    private let connection: DialedConnection
    private let stop = StopFlag()
    private var bytes: [UInt8] = []

    /// Connects; tries again while nobody listens yet.
    init(_ path: String) throws {
        let dialer = Dialer(
            DialSetting(addresses: [.unix(path: path)]), log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let deadline = MonotonicClock.now + 20_000_000_000
        while true {
            do throws(NetworkError) {
                connection = try dialer.connect(stop: stop)
                return
            } catch {
                guard MonotonicClock.now < deadline else { throw error }
                _ = stop.wait(nanoseconds: 5_000_000)
            }
        }
    }

    deinit { connection.abort() }

    func send(_ text: String) throws { try TestSender.send(Array(text.utf8), on: connection) }

    func send(_ bytes: [UInt8]) throws { try TestSender.send(bytes, on: connection) }

    /// Sends a request with a body.
    func post(_ body: [UInt8], type: String? = "application/json", path: String = "/", _ headers: [String] = []) throws {
        let fields =
            ["POST \(path) HTTP/1.1", "Host: x", "Content-Length: \(body.count)"] + (type.map { ["Content-Type: \($0)"] } ?? []) + headers
        try send(Array((fields.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
    }

    func post(_ body: String, type: String? = "application/json", path: String = "/", _ headers: [String] = []) throws {
        try post(Array(body.utf8), type: type, path: path, headers)
    }

    /// The next response; nil when the connection has ended or none came in time.
    func response(hasBody: Bool = true, seconds: Int64 = 20) throws -> Response? {
        guard let head = try take(through: Array("\r\n\r\n".utf8), seconds) else { return nil }
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        let status = Int(lines[0].split(separator: " ")[1]) ?? 0
        let count = hasBody ? Int(headers["content-length"] ?? "0") ?? 0 : 0
        while bytes.count < count { guard try read(seconds) else { return nil } }
        let body = String(decoding: bytes.prefix(count), as: UTF8.self)
        bytes.removeFirst(count)
        return Response(status: status, headers: headers, body: body)
    }

    /// Whether the other side has closed, behind whatever it has sent.
    func awaitEnd() throws -> Bool {
        while try read(20) {}
        return !connection.isOpen
    }

    private func take(through end: [UInt8], _ seconds: Int64) throws -> [UInt8]? {
        while true {
            if let place = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) {
                let head = Array(bytes[..<(place + end.count)])
                bytes.removeFirst(head.count)
                return head
            }
            guard try read(seconds) else { return nil }
        }
    }

    private func read(_ seconds: Int64) throws -> Bool {
        let new = try connection.read(upTo: 1 << 16, until: MonotonicClock.now + seconds * 1_000_000_000, stop: stop)
        guard let new, !new.isEmpty else { return false }
        bytes += new
        return true
    }
}
