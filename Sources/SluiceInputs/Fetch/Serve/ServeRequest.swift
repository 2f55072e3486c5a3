/// What a reader sends before it is served: a line with the token where there is one, and one that says which file. Pure.
///
///     (connected) ── TOKEN …\n ──► authenticated ── FILE[ INODE OFFSET]\n ──► asked
///          └──────────── FILE[ INODE OFFSET]\n, when no token is needed ────────┘
struct ServeRequest {
    /// What bytes have brought about.
    enum Outcome: Equatable {
        /// More is needed.
        case incomplete
        /// `tellsSize`: the reader has shown a token, so it is one that understands a size in the answer.
        case asked(FetchRequest, tellsSize: Bool)
        /// It is not served; the sentence is for the reader.
        case refused(String, isToken: Bool)
    }

    private let token: String?
    private let isServed: (String) -> Bool
    private var line: [UInt8] = []
    private var hasToken = false
    private var isOver = false

    /// A connection that was just made. `token` is what it has to show; `isServed` says which names there are.
    init(token: String?, isServed: @escaping (String) -> Bool) {
        self.token = token
        self.isServed = isServed
    }

    /// Takes what has come.
    mutating func received(_ bytes: some Sequence<UInt8>) -> Outcome {
        var outcome = Outcome.incomplete
        for byte in bytes {
            // Behind its request a reader has nothing to say.
            if isOver { return .refused("there is more behind the request; one connection is for one file", isToken: false) }
            if byte != 0x0A {
                line.append(byte)
                if line.count < FetchRequest.bytesMax { continue }
                isOver = true
                return .refused("the request has more than \(FetchRequest.bytesMax) bytes without a line end", isToken: false)
            }
            if line.last == 0x0D { line.removeLast() }
            let text = String(decoding: line, as: UTF8.self)
            line = []
            if !hasToken, let shown = FetchRequest.token(ofLine: text), !isServed(text) {
                guard token.map({ Self.isSame($0, shown) }) ?? true else { return refuse("wrong token", isToken: true) }
                hasToken = true
                continue
            }
            if token != nil, !hasToken { return refuse("a token is needed", isToken: true) }
            let request = FetchRequest(line: text, files: isServed)
            guard isServed(request.file) else { return refuse("`\(Self.printable(request.file))` is not served here", isToken: false) }
            isOver = true
            outcome = .asked(request, tellsSize: hasToken)
        }
        return outcome
    }

    private mutating func refuse(_ reason: String, isToken: Bool) -> Outcome {
        isOver = true
        return .refused(reason, isToken: isToken)
    }

    /// Compares in a time that does not depend on where the difference is.
    private static func isSame(_ token: String, _ shown: String) -> Bool {
        let (token, shown) = (Array(token.utf8), Array(shown.utf8))
        var difference = UInt(token.count ^ shown.count)
        for index in shown.indices { difference |= UInt(shown[index] ^ token[index % token.count]) }
        return difference == 0
    }

    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(200).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
    }
}
