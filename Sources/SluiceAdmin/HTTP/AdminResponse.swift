/// One answer of the administration server.
package struct AdminResponse: Sendable {
    /// What follows the header.
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Written piece by piece on a thread of the pool until the function returns.
        case stream(@Sendable (AnswerStream) -> Void)
    }

    /// HTTP status.
    package let status: Int
    package let contentType: String
    package let body: Body
    /// Methods that would have been answered, with status 405.
    var allowed: [String] = []

    /// An answer.
    package init(status: Int, contentType: String, body: Body) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// Text with a line end behind each line.
    package static func text(_ text: String, status: Int = 200) -> AdminResponse {
        AdminResponse(status: status, contentType: "text/plain; charset=utf-8", body: .bytes(Array(text.utf8)))
    }

    /// One JSON object; the line end is added.
    package static func json(_ text: String, status: Int = 200) -> AdminResponse {
        AdminResponse(status: status, contentType: "application/json", body: .bytes(Array(text.utf8) + [UInt8(ascii: "\n")]))
    }

    /// What went wrong, as a sentence in text: those who ask print it as it is.
    package static func fault(_ sentence: String, status: Int) -> AdminResponse { text(sentence + "\n", status: status) }

    static func methodNotAllowed(_ method: String, allowed: [String]) -> AdminResponse {
        var response = fault("`\(method)` is not possible here; use \(allowed.joined(separator: " or "))", status: 405)
        response.allowed = allowed
        return response
    }
}
