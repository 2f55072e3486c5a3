import NIOHTTP1

/// What the head of a request says about its body, before that comes. Pure.
struct HTTPRequestCheck: Sendable {
    /// A request that is to be read.
    struct Accepted: Sendable {
        let form: HTTPInputSetting.Form
        let encoding: Encoding
        /// The sender waits to be told that it may send the body.
        let expectsContinue: Bool
    }

    /// How a body is packed.
    enum Encoding: String, Sendable, CaseIterable {
        case identity, gzip, zstd

        /// Those that this program can unpack.
        static var known: [Encoding] {
            #if Zstd
                allCases
            #else
                [.identity, .gzip]
            #endif
        }
    }

    /// What becomes of a request.
    enum Verdict {
        case read(Accepted)
        /// It is answered without looking at its body.
        case answer(HTTPAnswer)
    }

    private let setting: HTTPInputSetting

    /// Checks by a setting.
    init(_ setting: HTTPInputSetting) { self.setting = setting }

    /// Looks at a head.
    func look(_ head: HTTPRequestHead) -> Verdict {
        let path = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
        if head.method == .GET || head.method == .HEAD, path == "/" { return .answer(.healthy) }
        if let only = setting.path, path != only { return .answer(.refused(.notFound, "there is nothing at this path")) }
        guard head.method == .POST else {
            return .answer(.refused(.methodNotAllowed, "records are sent with POST", ["allow": "POST"]))
        }
        if let token = setting.token, !Self.shows(token, head.headers[canonicalForm: "authorization"]) {
            return .answer(
                .refused(
                    .unauthorized, "the request does not show the token, as in `Authorization: Bearer TOKEN`",
                    ["www-authenticate": "Bearer"]))
        }
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > setting.bodyBytesMax {
            return .answer(tooLarge(length))
        }
        let expectations = head.headers[canonicalForm: "expect"].map { $0.lowercased() }
        guard expectations.allSatisfy({ $0 == "100-continue" }) else {
            return .answer(.refused(.expectationFailed, "`Expect` takes `100-continue` only"))
        }
        return accept(head, expectsContinue: !expectations.isEmpty)
    }

    private func accept(_ head: HTTPRequestHead, expectsContinue: Bool) -> Verdict {
        guard let encoding = Self.encoding(head.headers[canonicalForm: "content-encoding"].map { $0.lowercased() }) else {
            let known = Encoding.known.dropFirst().map(\.rawValue).joined(separator: ", ")
            return .answer(.refused(.unsupportedMediaType, "`Content-Encoding` takes \(known)", ["accept-encoding": known]))
        }
        guard let form = setting.form ?? form(of: head.headers.first(name: "content-type")) else {
            return .answer(
                .refused(
                    .unsupportedMediaType,
                    "`Content-Type` takes application/json, application/x-ndjson and text/plain, unless the input has a `format`",
                    ["accept": "application/json, application/x-ndjson, text/plain"]))
        }
        return .read(Accepted(form: form, encoding: encoding, expectsContinue: expectsContinue))
    }

    /// A body above the limit.
    func tooLarge(_ length: Int? = nil) -> HTTPAnswer {
        let what = length.map { "the body has \($0) bytes" } ?? "the body is longer than it may be"
        return .refused(.payloadTooLarge, "\(what); `max_body` is \(setting.bodyBytesMax)")
    }

    private static func encoding(_ names: [String]) -> Encoding? {
        let packed = names.filter { $0 != "identity" && !$0.isEmpty }
        guard let name = packed.first else { return .identity }
        guard packed.count == 1 else { return nil }
        return Encoding(rawValue: name == "x-gzip" ? "gzip" : name).flatMap { Encoding.known.contains($0) ? $0 : nil }
    }

    /// The form of a media type such as `application/json; charset=utf-8`; nil for types that say nothing of records.
    private func form(of contentType: String?) -> HTTPInputSetting.Form? {
        let type = (contentType ?? "").prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
        switch type {
        case "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines",
            "application/jsonlines", "application/json-lines", "application/x-json-stream", "text/json":
            return setting.jsonForm
        case "text/plain": return setting.plainForm
        default: return type.hasSuffix("+json") ? setting.jsonForm : nil
        }
    }

    /// Whether the request has the token; takes as long wherever a wrong one differs.
    private static func shows(_ token: String, _ fields: [Substring]) -> Bool {
        guard fields.count == 1, let field = fields.first else { return false }
        let scheme = "bearer "
        guard field.count > scheme.count, field.prefix(scheme.count).lowercased() == scheme else { return false }
        let shown = Array(field.dropFirst(scheme.count).drop { $0 == " " }.utf8)
        let wanted = Array(token.utf8)
        var difference = shown.count ^ wanted.count
        for index in wanted.indices { difference |= Int(wanted[index] ^ (index < shown.count ? shown[index] : 0)) }
        return difference == 0
    }
}
