import Testing

@testable import SluiceAdmin

@Suite struct AdminRouteTests {
    private func answer(
        _ method: String, _ target: String, _ body: String = "", of control: RecordedControl = RecordedControl()
    ) throws -> (status: Int, text: String) {
        let request = AdminRequest(method: method, target: target, body: Array(body.utf8))
        let route = try AdminRoutes(AdminRoute.standard(control)).find(method, request.path, isNetwork: false).get()
        let response = route.handle(request)
        guard case .bytes(let bytes) = response.body else { return (response.status, "") }
        return (response.status, String(decoding: bytes, as: UTF8.self))
    }

    @Test func `status, metrics and readiness show the service`() throws {
        #expect(try answer("GET", "/status") == (200, StatusFixture.busy.json + "\n"))
        #expect(try answer("GET", "/status?format=text") == (200, StatusFixture.busy.text(TextPaint(isColoured: false))))
        #expect(try answer("GET", "/status?format=text&colour") == (200, StatusFixture.busy.text(TextPaint(isColoured: true))))
        #expect(try answer("GET", "/metrics") == (200, MetricsText.text(of: StatusFixture.busy)))
        #expect(
            try answer("GET", "/readyz")
                == (503, "{\"ready\":false,\"reason\":\"stale_rules\",\"detail\":\"route.lua:3: 'then' expected near '='\"}\n"))
        var ready = StatusFixture.quiet
        ready.phase = .running
        #expect(try answer("GET", "/readyz", of: RecordedControl(ready)) == (200, "{\"ready\":true}\n"))
    }

    @Test func `a verdict is the status of a reload`() throws {
        let accepting = RecordedControl()
        #expect(try answer("POST", "/reload", of: accepting) == (200, VerdictFixture.applied.json + "\n"))
        #expect(try answer("POST", "/reload?dry_run=true&format=text", of: accepting).status == 200)
        #expect(accepting.recorded == [.reload(dryRun: false), .reload(dryRun: true)])
        let refusing = RecordedControl(verdict: VerdictFixture.refused)
        #expect(
            try answer("POST", "/reload?format=text", of: refusing)
                == (409, VerdictFixture.refused.text(TextPaint(isColoured: false))))
    }

    @Test func `dead letters are selected by ids, by age or all of them`() throws {
        let control = RecordedControl()
        #expect(try answer("POST", "/dead-letters/redrive", "3\n17\n", of: control) == (200, "{\"redriven\":2,\"unknown\":[]}\n"))
        #expect(try answer("POST", "/dead-letters/redrive?all", of: control).status == 200)
        #expect(
            try answer("POST", "/dead-letters/purge?before=1700000000000000000&format=text", of: control) == (
                200, "2 dead letters purged\n"
            ))
        #expect(control.recorded == [.redrive(.ids([3, 17])), .redrive(.all), .purge(.before(1_700_000_000_000_000_000))])
    }

    @Test(arguments: ["?", "?all=false", "?before=yesterday", "?all&before=1"])
    func `a selection that is not clear does nothing`(query: String) throws {
        let control = RecordedControl()
        #expect(try answer("POST", "/dead-letters/purge\(query)", of: control).status == 400)
        #expect(try answer("POST", "/dead-letters/purge", "1 two", of: control).status == 400)
        #expect(try answer("POST", "/dead-letters/purge?all", "1", of: control).status == 400)
        #expect(control.recorded == [])
    }

    @Test func `unknown ids are named and make the status 404`() throws {
        let control = RecordedControl(report: DeadLetterReport(count: 1, unknown: [99]))
        #expect(
            try answer("POST", "/dead-letters/redrive?format=text", "1 99", of: control)
                == (404, "no dead letter has the id 99\n1 dead letter redriven\n"))
    }

    @Test func `what the service cannot do is said in its words`() throws {
        let stopping = RecordedControl(error: ControlError(.stopping, "the service is stopping"))
        #expect(try answer("POST", "/dead-letters/redrive?all", of: stopping) == (503, "the service is stopping\n"))
        let broken = RecordedControl(error: ControlError(.storage, "`sluice.db` cannot be read"))
        #expect(try answer("POST", "/dead-letters/purge?all", of: broken) == (500, "`sluice.db` cannot be read\n"))
    }

    @Test func `targets are taken apart and decoded`() {
        let request = AdminRequest(method: "GET", target: "/tap?point=rule%3Aa+b&x=%zz&flag&where=a=b")
        #expect(request.path == "/tap")
        #expect(request.query == ["point": "rule:a b", "x": "%zz", "flag": "", "where": "a=b"])
        #expect(request.has("flag") && !request.has("x"))
        #expect(AdminRequest(method: "GET", target: "").path == "")
    }
}
