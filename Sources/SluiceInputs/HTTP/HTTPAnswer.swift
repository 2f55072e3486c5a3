import NIOHTTP1

/// What a request is answered with.
struct HTTPAnswer: Equatable, Sendable {
    let status: HTTPResponseStatus
    var headers: [String: String] = [:]
    let body: String
    /// Whether the request was one that did not come about.
    var isRefusal: Bool { status.code >= 400 }

    private init(_ status: HTTPResponseStatus, _ body: String, _ headers: [String: String] = [:]) {
        self.status = status
        self.body = body
        self.headers = headers.merging(["content-type": body.hasPrefix("{") ? "application/json" : "text/plain; charset=utf-8"]) { old, _ in
            old
        }
    }

    /// Everything of a request is delivered.
    static func accepted(_ events: Int) -> HTTPAnswer { HTTPAnswer(.ok, "{\"accepted\":\(events)}\n") }

    /// To those who look whether somebody is there.
    static let healthy = HTTPAnswer(.ok, "sluice takes records here, by POST\n")

    /// A refusal with its sentence.
    static func refused(_ status: HTTPResponseStatus, _ sentence: String, _ headers: [String: String] = [:]) -> HTTPAnswer {
        HTTPAnswer(status, "{\"error\":\"\(Self.literal(sentence))\"}\n", headers)
    }

    /// JSON that cannot be read, with the place of the fault.
    static func malformed(_ fault: JSONBody.Fault) -> HTTPAnswer {
        HTTPAnswer(
            fault.isTooLong ? .payloadTooLarge : .badRequest,
            "{\"error\":\"\(Self.literal(fault.message)); nothing of the request was taken\",\"line\":\(fault.line),\"offset\":\(fault.offset)}\n"
        )
    }

    /// Come again later.
    static func later(_ sentence: String, isBusy: Bool) -> HTTPAnswer {
        refused(isBusy ? .tooManyRequests : .serviceUnavailable, sentence, ["retry-after": "1"])
    }

    private static func literal(_ text: String) -> String {
        var literal = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": literal += "\\\(scalar)"
            case "\0"..." ": literal += " "
            default: literal.unicodeScalars.append(scalar)
            }
        }
        return literal
    }
}
