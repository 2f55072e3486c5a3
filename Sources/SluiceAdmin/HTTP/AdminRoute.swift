import SluiceConfig

/// One thing that the administration server answers. Handlers run on threads of the pool and may block.
package struct AdminRoute: Sendable {
    package let method: String
    package let path: String
    /// Whether it only looks: such routes are answered on the network too, all of them on the control socket.
    package let isReadOnly: Bool
    let handle: @Sendable (AdminRequest) -> AdminResponse

    /// A route.
    package init(_ method: String, _ path: String, isReadOnly: Bool, _ handle: @escaping @Sendable (AdminRequest) -> AdminResponse) {
        self.method = method
        self.path = path
        self.isReadOnly = isReadOnly
        self.handle = handle
    }

    /// What every service answers. `/healthz` is not among them: the server answers it itself, even when all threads are busy.
    package static func standard(_ control: any ServiceControl) -> [AdminRoute] {
        [
            AdminRoute("GET", "/readyz", isReadOnly: true) { _ in readiness(control.status().readiness) },
            AdminRoute("GET", "/metrics", isReadOnly: true) { _ in
                AdminResponse(
                    status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8",
                    body: .bytes(Array(MetricsText.text(of: control.status()).utf8)))
            },
            AdminRoute("GET", "/status", isReadOnly: true) { request in
                let status = control.status()
                return request.isText ? .text(status.text(request.paint)) : .json(status.json)
            },
            AdminRoute("POST", "/reload", isReadOnly: false) { request in
                let verdict = control.reload(dryRun: request.has("dry_run"))
                let status = verdict.isAccepted ? 200 : 409
                return request.isText ? .text(verdict.text(request.paint), status: status) : .json(verdict.json, status: status)
            },
            AdminRoute("POST", "/dead-letters/redrive", isReadOnly: false) { request in
                answer(request, verb: "redriven") { selection throws(ControlError) in try control.redrive(selection) }
            },
            AdminRoute("POST", "/dead-letters/purge", isReadOnly: false) { request in
                answer(request, verb: "purged") { selection throws(ControlError) in try control.purge(selection) }
            },
            AdminRoute("POST", "/reopen", isReadOnly: false) { _ in
                control.reopen()
                return .json("{\"reopened\":true}")
            },
        ]
    }

    private static func readiness(_ readiness: Readiness) -> AdminResponse {
        switch readiness {
        case .ready: .json("{\"ready\":true}")
        case .notReady(let reason, let detail):
            .json(
                JSONText.object([("ready", "false"), ("reason", JSONText.literal(reason)), ("detail", JSONText.literal(detail))]),
                status: 503)
        }
    }

    private static func answer(
        _ request: AdminRequest, verb: String, _ act: (DeadLetterSelection) throws(ControlError) -> DeadLetterReport
    ) -> AdminResponse {
        do throws(ControlError) {
            guard let selection = request.selection else {
                return .fault("say which dead letters: ids in the body, one a line, `?before=NANOSECONDS` or `?all`", status: 400)
            }
            let report = try act(selection)
            let status = report.unknown.isEmpty ? 200 : 404
            return request.isText ? .text(report.text(verb: verb), status: status) : .json(report.json(verb: verb), status: status)
        } catch {
            return .fault(error.message, status: error.code == .stopping ? 503 : 500)
        }
    }
}

extension AdminRequest {
    var isText: Bool { query["format"] == "text" }

    var paint: TextPaint { TextPaint(isColoured: has("colour")) }

    /// The dead letters that are meant; nil when that is not said, or not clearly.
    var selection: DeadLetterSelection? {
        let words = String(decoding: body, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        switch (words.isEmpty, query["before"], has("all")) {
        case (false, nil, false):
            let ids = words.map { Int64($0) }
            return ids.contains(nil) ? nil : .ids(ids.compactMap { $0 })
        case (true, let before?, false): return Int64(before).map { .before($0) }
        case (true, nil, true): return .all
        default: return nil
        }
    }
}

/// All routes of a server.
struct AdminRoutes: Sendable {
    private let routes: [AdminRoute]

    init(_ routes: [AdminRoute]) { self.routes = routes }

    /// What answers a request, or the answer that nothing does.
    func find(_ method: String, _ path: String, isNetwork: Bool) -> Result<AdminRoute, AdminRefusal> {
        let open = routes.filter { $0.path == path && ($0.isReadOnly || !isNetwork) }
        if let route = open.first(where: { $0.method == method }) { return .success(route) }
        if open.isEmpty {
            let isElsewhere = routes.contains { $0.path == path }
            return .failure(
                AdminRefusal(
                    isElsewhere
                        ? .fault("`\(path)` is answered on the control socket only", status: 403)
                        : .fault("there is no `\(path)`", status: 404)))
        }
        return .failure(AdminRefusal(.methodNotAllowed(method, allowed: open.map(\.method))))
    }
}

/// An answer that says no.
struct AdminRefusal: Error {
    let response: AdminResponse

    init(_ response: AdminResponse) { self.response = response }
}
