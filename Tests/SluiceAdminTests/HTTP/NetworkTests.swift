import Logging
import Testing

@testable import SluiceAdmin

@Suite struct NetworkTests {
    private static let token = "0123456789abcdef-secret"

    @Test func `the network only looks`() throws {
        let fixture = try ServerFixture(isOnNetwork: true)
        #expect(fixture.get("/healthz", "Host: 127.0.0.1:8787") == ("HTTP/1.1 200 OK", "{\"serving\":true}\n"))
        #expect(fixture.get("/metrics", "Host: localhost").status == "HTTP/1.1 200 OK")
        #expect(fixture.get("/status", "Host: [::1]:8787").status == "HTTP/1.1 200 OK")
        #expect(fixture.get("/readyz", "Host: 127.0.0.1").status == "HTTP/1.1 503 Service Unavailable")
        for target in ["/reload", "/dead-letters/redrive?all", "/dead-letters/purge?all", "/reopen"] {
            let answer = fixture.get(target, method: "POST", "Host: 127.0.0.1")
            #expect(answer.status == "HTTP/1.1 403 Forbidden", "\(target)")
            #expect(answer.body.hasSuffix("is answered on the control socket only\n"))
        }
        #expect(fixture.control.recorded == [])
    }

    @Test(arguments: ["Host: evil.example", "Host: 127.0.0.1.evil.example:8787", "X-No-Host: 1", "Host: [evil", "Host: "])
    func `without a token a browser cannot be lured here under another name`(header: String) throws {
        let fixture = try ServerFixture(isOnNetwork: true)
        let answer = fixture.get("/status", header)
        #expect(answer.status.hasPrefix("HTTP/1.1 40"))
        #expect(!answer.body.contains("ledger"))
    }

    @Test(arguments: [
        "X: 1", "Authorization: Bearer", "Authorization: Bearer wrong", "Authorization: Bearer \(token)x",
        "Authorization: Bearer \(token.dropLast())",
        "Authorization: Basic \(token)", "Authorization: \(token)", "Authorization: Bearer \(token.uppercased())",
    ]) func `a wrong token gets 401 and nothing else`(header: String) throws {
        let fixture = try ServerFixture(isOnNetwork: true, token: Self.token)
        for target in ["/status", "/healthz", "/nothing"] {
            let answer = fixture.get(target, header, "Host: metrics.example")
            #expect(answer.status == "HTTP/1.1 401 Unauthorized")
            #expect(answer.body == "this needs the bearer token that `admin.token` of the configuration names\n")
        }
    }

    @Test func `the right token is let in under any name, and the control socket needs none`() throws {
        let fixture = try ServerFixture(isOnNetwork: true, token: Self.token)
        #expect(fixture.get("/status", "Host: metrics.example", "Authorization: Bearer \(Self.token)").status == "HTTP/1.1 200 OK")
        #expect(fixture.get("/status", "Host: metrics.example", "authorization: bearer \(Self.token)").status == "HTTP/1.1 200 OK")
        #expect(try fixture.send("GET", "/status").status == 200)
    }

    @Test(arguments: ["0.0.0.0", "::", "192.0.2.7", "127.evil"])
    func `beyond loopback there is no listening without a token`(host: String) throws {
        let address = AdminAddress(host: host, port: 8787)
        #expect(throws: AdminError.self) { try NetworkGuard(token: nil, address: address) }
        #expect(throws: AdminError.self) { try NetworkGuard(token: "short", address: address) }
        #expect(throws: Never.self) { try NetworkGuard(token: Self.token, address: address) }
    }

    @Test func `a port that is taken is said`() throws {
        let first = try ServerFixture(isOnNetwork: true)
        let folder = try TemporaryFolder()
        var setting = AdminServer.Setting(controlPath: folder.file("control.sock"))
        setting.listen = AdminAddress(host: "127.0.0.1", port: first.server.port!)
        let expected = AdminError(.inUse, "cannot listen on `127.0.0.1 port \(first.server.port!)`: another program does already")
        #expect(throws: expected) { try AdminServer(setting, routes: [], log: Logger(label: "test")) }
        #expect(try GlibcFile.exists(folder.file("control.sock")) == false)
    }
}
