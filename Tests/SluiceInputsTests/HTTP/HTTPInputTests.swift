import SluiceComponent
import SluiceConfig
import SluiceNetwork
import Testing

@Suite struct HTTPInputTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.path + "/h" }

    private func run(_ session: TestSession, _ options: [(key: String, value: OptionValues.Value)] = []) throws -> RunningInput {
        RunningInput(try makeInput("http", [("listen", .text("unix:\(path)"))] + options), session)
    }

    private func gzip(_ text: String) throws -> [UInt8] {
        try #require(Array(text.utf8).withUnsafeBytes { TransferCompression.gzip.packed($0) })
    }

    @Test func `lines, arrays and text become events, and the answer counts them`() throws {
        let session = TestSession()
        let running = try run(session)
        let client = try HTTPTestClient(path)
        for (body, type, count) in [
            ("{\"message\":\"a\"}\n{\"message\":\"b\"}\n", "application/x-ndjson", 2),
            ("[{\"message\":\"c\"},\n {\"message\":\"d\"}]", "application/json; charset=utf-8", 2),
            ("{\n  \"message\": \"e\"\n}", "application/json", 1), ("f\r\n{\"g\":1}\nlast", "text/plain", 3), ("", "application/json", 0),
            ("{\"message\":\"h\"}", "application/vnd.x+json", 1),
        ] {
            try client.post(body, type: type)
            #expect(try client.response()?.body == "{\"accepted\":\(count)}\n")
        }
        #expect(session.messages(9) == ["a", "b", "c", "d", "e", "f", "{\"g\":1}", "last", "h"])
        #expect(session.state.withLock { $0.sent.allSatisfy { $0.stream == 1 && $0.positions == [] } })
        running.stop()
        #expect(session.counter(.connections) == 1 && session.counter(.connectionsOpen) == 0 && session.counter(.requestsRefused) == 0)
        #expect(session.counter(.bytesRead) > 100)
    }

    @Test func `200 comes when everything is delivered`() throws {
        let session = TestSession()
        session.state.notify { $0.isConfirming = false }
        let running = try run(session)
        let client = try HTTPTestClient(path)
        try client.post("{\"message\":\"a\"}")
        _ = session.messages(1)
        #expect(try client.response(seconds: 0) == nil)
        session.state.notify { $0.isConfirming = true }
        session.confirm()
        let response = try client.response()
        #expect(response?.status == 200 && response?.headers["content-type"] == "application/json")
        running.stop()
    }

    @Test func `what is not delivered in time is told to come again`() throws {
        let session = TestSession()
        session.state.notify { $0.isConfirming = false }
        let running = try run(session, [("confirm_timeout", .text("50ms"))])
        let client = try HTTPTestClient(path)
        try client.post("{\"message\":\"a\"}")
        let response = try client.response()
        #expect(response?.status == 503 && response?.headers["retry-after"] == "1")
        // The late confirmation answers nothing, and the connection goes on.
        session.state.notify { $0.isConfirming = true }
        session.confirm()
        try client.post("{\"message\":\"b\"}")
        #expect(try client.response()?.status == 200)
        running.stop()
    }

    @Test func `who waits for the outputs is neither idle nor stalls`() throws {
        let session = TestSession()
        session.state.notify { $0.isConfirming = false }
        let running = try run(session, [("idle_timeout", .text("500ms")), ("stall_timeout", .text("500ms"))])
        let client = try HTTPTestClient(path)
        try client.post("{\"message\":\"a\"}")
        _ = session.messages(1)
        #expect(try client.response(seconds: 1) == nil)
        session.confirm()
        #expect(try client.response()?.status == 200)
        // From now on it is the client's turn.
        #expect(try client.awaitEnd())
        #expect(session.counter(.connectionsTimedOut) == 1)
        running.stop()
    }

    @Test func `while lanes are busy nothing of a request is taken`() throws {
        let session = TestSession()
        session.hold()
        let running = try run(session)
        let client = try HTTPTestClient(path)
        try client.post("{\"message\":\"a\"}")
        let response = try client.response()
        #expect(response?.status == 429 && response?.headers["retry-after"] == "1" && response?.headers["connection"] == nil)
        session.release()
        try client.post("{\"message\":\"b\"}")
        #expect(try client.response()?.status == 200)
        #expect(session.messages(1) == ["b"] && session.counter(.requestsRefused) == 1)
        running.stop()
    }

    @Test func `a request that cannot be read is refused as a whole`() throws {
        let session = TestSession()
        let running = try run(session)
        let client = try HTTPTestClient(path)
        let lines = (0..<30_000).map { "{\"message\":\"\($0)\"}\n" }.joined()
        try client.post(lines + "{\"message\":")
        let response = try client.response()
        #expect(response?.status == 400)
        #expect(
            response?.body
                == "{\"error\":\"the value does not end; nothing of the request was taken\",\"line\":30001,\"offset\":\(lines.utf8.count + 11)}\n"
        )
        try client.post(lines)
        #expect(try client.response()?.body == "{\"accepted\":30000}\n")
        #expect(session.messages(30_000) == (0..<30_000).map(String.init))
        running.stop()
    }

    @Test func `packed bodies are unpacked, within their limit`() throws {
        let session = TestSession()
        let running = try run(session, [("max_body", .text("100KiB"))])
        let client = try HTTPTestClient(path)
        let text = String(repeating: "x", count: 90 << 10)
        try client.post(try gzip(text), type: "text/plain", ["Content-Encoding: gzip"])
        #expect(try client.response()?.body == "{\"accepted\":1}\n" && session.messages(1) == [text])
        // Exactly the limit, one more, and very many more.
        for (count, status) in [(100 << 10, 200), (100 << 10 + 1, 413), (5 << 20, 413)] {
            try client.post(try gzip(String(repeating: "\n", count: count)), type: "text/plain", ["Content-Encoding: x-gzip"])
            #expect(try client.response()?.status == status, "\(count)")
        }
        let packed = try gzip("{\"message\":\"\(String(repeating: "packed ", count: 100))\"}")
        for body in [Array(packed.dropLast(4)), [1, 2, 3], packed + [7]] {
            try client.post(body, ["Content-Encoding: gzip"])
            #expect(try client.response()?.status == 400)
        }
        try client.post("{}", ["Content-Encoding: br"])
        let response = try client.response()
        #expect(response?.status == 415 && response?.headers["accept-encoding"]?.hasPrefix("gzip") == true)
        running.stop()
    }

    @Test func `bodies that are too long are refused before they come, or where they become so`() throws {
        let session = TestSession()
        let running = try run(session, [("max_body", .text("1KiB"))])
        var client = try HTTPTestClient(path)
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1025\r\n\r\n")
        let response = try client.response()
        #expect(response?.status == 413 && response?.headers["connection"] == "close")
        #expect(response?.body == "{\"error\":\"the body has 1025 bytes; `max_body` is 1024\"}\n")
        client = try HTTPTestClient(path)
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<3 { try client.send("200\r\n" + String(repeating: "y", count: 512) + "\r\n") }
        #expect(try client.response()?.status == 413)
        #expect(try client.awaitEnd())
        running.stop()
        #expect(session.state.withLock { $0.sent } == [])
    }

    @Test func `chunks and requests that were sent ahead come in order`() throws {
        let session = TestSession()
        let running = try run(session)
        let client = try HTTPTestClient(path)
        try client.send(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\na\nb\r\n2\r\nc\n\r\n0\r\n\r\n")
        for number in 0..<50 { try client.post("m\(number)\n", type: "text/plain") }
        for number in 0...50 { #expect(try client.response()?.body == "{\"accepted\":\(number == 0 ? 2 : 1)}\n") }
        #expect(session.messages(52) == ["a", "bc"] + (0..<50).map { "m\($0)" })
        running.stop()
    }

    @Test func `a sender that asks first is told to go on, or not`() throws {
        let session = TestSession()
        let running = try run(session)
        var client = try HTTPTestClient(path)
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.response(hasBody: false)?.status == 100)
        try client.send("a\n")
        #expect(try client.response()?.status == 200)
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        let refusal = try client.response()
        #expect(refusal?.status == 415 && refusal?.headers["connection"] == "close")
        client = try HTTPTestClient(path)
        try client.post("{}", ["Expect: more"])
        #expect(try client.response()?.status == 417)
        running.stop()
    }

    @Test func `the token decides, and health needs none`() throws {
        let session = TestSession()
        let running = try run(session, [("token", .text("s3cret")), ("path", .text("/logs"))])
        let client = try HTTPTestClient(path)
        for (header, status) in [
            ("Authorization: Bearer s3cret", 200), ("Authorization: bearer  s3cret", 200), ("Authorization: Bearer s3cre", 401),
            ("Authorization: Bearer s3cret1", 401), ("Authorization: Basic s3cret", 401), ("X: y", 401), ("Authorization: Bearer", 401),
            ("Authorization: Bearer s3cret\r\nAuthorization: Bearer s3cret", 401),
        ] {
            try client.post("{\"message\":\"a\"}", path: "/logs?x=1", [header])
            let response = try client.response()
            #expect(response?.status == status, "\(header)")
            #expect(response?.headers["www-authenticate"] == (status == 401 ? "Bearer" : nil))
        }
        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.response()?.body == "sluice takes records here, by POST\n")
        try client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.response(hasBody: false)?.status == 200)
        running.stop()
        #expect(session.counter(.authenticationFailures) == 6 && session.counter(.requestsRefused) == 6)
    }

    @Test func `paths, methods and types that are not meant are refused by name`() throws {
        let session = TestSession()
        let running = try run(session, [("path", .text("/logs"))])
        let client = try HTTPTestClient(path)
        for (request, status, header) in [
            ("GET /logs HTTP/1.1", 405, "allow"), ("PUT /logs HTTP/1.1", 405, "allow"), ("GET /other HTTP/1.1", 404, nil),
            ("POST /logs HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded", 415, "accept"),
            ("POST /logs HTTP/1.1", 415, "accept"),
            ("POST / HTTP/1.1\r\nContent-Type: text/plain", 404, nil),
        ] as [(String, Int, String?)] {
            try client.send("\(request)\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
            let response = try client.response()
            #expect(response?.status == status, "\(request)")
            if let header { #expect(response?.headers[header] != nil, "\(request)") }
        }
        running.stop()
        #expect(session.state.withLock { $0.sent } == [])
    }

    @Test func `a format that is set counts for every type`() throws {
        let session = TestSession { TestSession.field("status", $1, $0) }
        let running = try run(session, [("format", .text("logfmt"))])
        let client = try HTTPTestClient(path)
        try client.post("status=200 a=b\nstatus=404\n", type: nil)
        #expect(try client.response()?.body == "{\"accepted\":2}\n")
        #expect(session.messages(2) == ["200", "404"])
        running.stop()
    }

    @Test func `long bodies of lines go on in batches, and no line is cut between them`() throws {
        let session = TestSession()
        let running = try run(session)
        let client = try HTTPTestClient(path)
        let lines = (0..<40_000).map { "line number \($0)" + String(repeating: "z", count: $0 % 50) }
        try client.post(lines.joined(separator: "\n"), type: "text/plain")
        #expect(try client.response()?.body == "{\"accepted\":40000}\n")
        #expect(session.messages(40_000) == lines && session.state.withLock { $0.sent.count } > 10)
        running.stop()
    }

    @Test func `a strict format keeps what it refuses as dead letters`() throws {
        let session = TestSession()
        let running = try run(session, [("strict", .text("true"))])
        let client = try HTTPTestClient(path)
        try client.post("[{\"message\":\"a\"},5,{\"message\":\"b\"}]")
        #expect(try client.response()?.body == "{\"accepted\":2}\n")
        #expect(session.messages(2) == ["a", "b"] && session.state.withLock { $0.refused.count } == 1)
        running.stop()
    }

    @Test func `a body of dead letters alone is answered when they are on disk`() throws {
        let session = TestSession()
        session.state.notify { $0.isConfirming = false }
        let running = try run(session, [("strict", .text("true"))])
        let client = try HTTPTestClient(path)
        try client.post("[5]")
        _ = session.wait(for: "a request for a confirmation") { $0.unconfirmed.isEmpty ? nil : true }
        #expect(try client.response(seconds: 0) == nil)
        session.confirm()
        #expect(try client.response()?.body == "{\"accepted\":0}\n")
        running.stop()
    }

    @Test func `who stalls is told, and who says no HTTP is counted`() throws {
        let session = TestSession()
        let running = try run(session, [("stall_timeout", .text("500ms"))])
        var client = try HTTPTestClient(path)
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nabc")
        #expect(try client.response()?.status == 408)
        #expect(try client.awaitEnd())
        // A header that does not come to its end.
        client = try HTTPTestClient(path)
        try client.send("POST / HTTP/1.1\r\nHost:")
        #expect(try client.awaitEnd())
        client = try HTTPTestClient(path)
        try client.send("<34>1 2026-01-01T00:00:00Z host app - - - this is syslog\n")
        #expect(try client.response()?.status == 400)
        #expect(session.counter(.connectionsTimedOut) == 2 && session.counter(.foreignProtocols) == 1)
        client = try HTTPTestClient(path)
        try client.send("POST / HTTP/1.1\r\nX: " + String(repeating: "y", count: 40_000) + "\r\n\r\n")
        #expect(try client.response()?.status == 431)
        running.stop()
    }

    @Test func `the end answers what was delivered and sends the rest away`() throws {
        let session = TestSession()
        session.state.notify { $0.isConfirming = false }
        let running = try run(session)
        let (delivered, half, idle) = (try HTTPTestClient(path), try HTTPTestClient(path), try HTTPTestClient(path))
        try idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try idle.response()?.status == 200)
        try delivered.post("{\"message\":\"a\"}")
        _ = session.messages(1)
        session.owes(1)
        try half.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
        #expect(try half.response(hasBody: false)?.status == 100)
        session.stop.set()
        #expect(try half.response()?.status == 503)
        #expect(try idle.awaitEnd())
        session.confirm()
        let response = try delivered.response()
        #expect(response?.status == 200 && response?.headers["connection"] == "close")
        running.stop()
    }

    @Test func `what is not delivered at the end is told to come again`() throws {
        let session = TestSession()
        session.state.notify { $0.isConfirming = false }
        let running = try run(session)
        let client = try HTTPTestClient(path)
        try client.post("{\"message\":\"a\"}")
        _ = session.messages(1)
        session.stop.set()
        #expect(try client.response()?.status == 503)
        running.stop()
    }

    @Test func `the sender is known to its events`() throws {
        let session = TestSession { TestSession.field("@uid", $1, $0) + "/" + TestSession.field("message", $1, $0) }
        let running = try run(session)
        let client = try HTTPTestClient(path)
        try client.post("[{\"message\":\"a\"},{\"message\":\"b\"}]")
        #expect(try client.response()?.status == 200)
        let messages = session.messages(2)
        #expect(messages.count == 2 && messages.allSatisfy { Int($0.split(separator: "/")[0]) != nil })
        running.stop()
    }

    @Test func `options that cannot be are refused`() {
        func refusal(_ options: [(key: String, value: OptionValues.Value)]) -> String? {
            do {
                _ = try makeInput("http", options)
                return nil
            } catch { return (error as? ConfigError)?.message }
        }
        let listen: (key: String, value: OptionValues.Value) = ("listen", .text("tcp://127.0.0.1:1"))
        #expect(refusal([listen]) == nil)
        #expect(refusal([("listen", .text("tcp://127.0.0.1"))]) != nil)
        #expect(refusal([listen, ("path", .text("logs"))])?.contains("it takes one such as `/logs`") == true)
        #expect(refusal([listen, ("oversize", .text("error"))]) != nil)
        #expect(refusal([listen, ("format", .text("nonsense"))])?.contains("unknown format `nonsense`") == true)
        #expect(refusal([listen, ("rate_limit", .text("1"))])?.contains("unknown option `rate_limit`") == true)
    }
}
