import CZlib

/// Frames to bytes and back. Reading believes nothing: every length is held against what is there.
extension TransferFrame {
    /// Appends the frame.
    package func append(to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.appendNumber(0 as UInt32)
        bytes.append(kind.rawValue)
        appendBody(to: &bytes)
        let length = UInt32(bytes.count - start - Limit.headBytes)
        for index in 0..<4 { bytes[start + index] = UInt8(truncatingIfNeeded: length >> UInt32(8 * index)) }
        bytes.appendNumber(Self.checksum(bytes[start...]))
    }

    /// The frame alone.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        if case .data(let data) = self {
            bytes.reserveCapacity(Limit.headBytes + Limit.dataHeadBytes + data.payload.count + Limit.checksumBytes)
        }
        append(to: &bytes)
        return bytes
    }

    private var kind: Kind {
        switch self {
        case .hello: .hello
        case .welcome: .welcome
        case .data: .data
        case .acknowledged: .acknowledged
        case .ping: .ping
        case .failed: .failed
        case .bye: .bye
        }
    }

    private func appendBody(to bytes: inout [UInt8]) {
        switch self {
        case .hello(let hello):
            bytes.appendNumber(hello.identity.high)
            bytes.appendNumber(hello.identity.low)
            bytes.appendNumber(hello.first)
            bytes.appendNumber(hello.next)
            bytes.appendNumber(hello.sent)
            bytes.appendText(hello.name, bytesMax: Limit.nameBytesMax)
            bytes.appendText(hello.token, bytesMax: Limit.tokenBytesMax)
        case .welcome(let welcome):
            bytes.appendNumber(welcome.received)
            bytes.appendNumber(welcome.confirmed)
            bytes.appendNumber(UInt32(clamping: welcome.payloadBytesMax))
            bytes.append(welcome.compressions.reduce(0) { $0 | 1 << $1.rawValue })
        case .data(let data):
            bytes.appendNumber(data.sequence)
            bytes.appendNumber(UInt32(clamping: data.events))
            bytes.appendNumber(UInt32(clamping: data.plainBytes))
            bytes.append(data.compression.rawValue)
            bytes += data.payload
        case .acknowledged(let sequence): bytes.appendNumber(sequence)
        case .ping, .bye: break
        case .failed(let error):
            bytes.appendNumber(error.code.rawValue)
            bytes.appendText(error.message, bytesMax: Limit.messageBytesMax)
        }
    }

    /// CRC-32 as gzip has it (RFC 1952 section 8).
    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        // SAFETY: zlib reads as many bytes as it is told, all of them in the slice.
        bytes.withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32(0, $0.baseAddress, UInt32($0.count))) }
    }

    /// The frame of a body whose checksum was right.
    init(_ kind: Kind, body: ArraySlice<UInt8>) throws(TransferError) {
        var from = FieldReader(rest: body)
        switch kind {
        case .hello:
            let identity = TransferIdentity(high: try from.number(UInt64.self), low: try from.number(UInt64.self))
            let (first, next) = (try from.number(UInt64.self), try from.number(UInt64.self))
            let sent = try from.number(UInt64.self)
            let name = try from.text(bytesMax: Limit.nameBytesMax)
            let token = try from.text(bytesMax: Limit.tokenBytesMax)
            guard first > 0, first <= next, sent < next else {
                throw Self.malformed("a hello with frames from \(first), sent \(sent), next \(next)")
            }
            self = .hello(Hello(identity: identity, first: first, next: next, sent: sent, name: name, token: token))
        case .welcome:
            let (received, confirmed) = (try from.number(UInt64.self), try from.number(UInt64.self))
            let payloadBytesMax = Int(try from.number(UInt32.self))
            let bits = try from.number(UInt8.self)
            guard confirmed <= received, payloadBytesMax >= Limit.payloadBytesMin else {
                throw Self.malformed("a welcome with \(confirmed) of \(received) frames and a limit of \(payloadBytesMax) bytes")
            }
            let compressions = (0..<8 as Range<UInt8>).filter { bits & 1 << $0 != 0 }.compactMap(TransferCompression.init)
            self = .welcome(
                Welcome(
                    received: received, confirmed: confirmed, payloadBytesMax: payloadBytesMax, compressions: Set(compressions)))
        case .data: self = .data(try Self.data(&from))
        case .acknowledged: self = .acknowledged(try from.number(UInt64.self))
        case .ping: self = .ping
        case .failed:
            let code = TransferError.Code(rawValue: try from.number(UInt16.self)) ?? .other
            self = .failed(TransferError(code, try from.text(bytesMax: Limit.messageBytesMax)))
        case .bye: self = .bye
        }
        guard from.rest.isEmpty else { throw Self.malformed("\(from.rest.count) bytes behind the fields of a frame") }
    }

    private static func data(_ from: inout FieldReader) throws(TransferError) -> Data {
        let sequence = try from.number(UInt64.self)
        let (events, plainBytes) = (Int(try from.number(UInt32.self)), Int(try from.number(UInt32.self)))
        let number = try from.number(UInt8.self)
        guard sequence > 0, events > 0, events <= Limit.eventsMax else {
            throw malformed("frame \(sequence) with \(events) events; a frame has 1 to \(Limit.eventsMax)")
        }
        guard let compression = TransferCompression(rawValue: number) else {
            throw TransferError(.compression, "frame \(sequence) is compressed in a way that is not known here (\(number))")
        }
        guard compression != .none || plainBytes == from.rest.count else {
            throw malformed("frame \(sequence) says that it has \(plainBytes) bytes and has \(from.rest.count)")
        }
        let payload = Array(from.rest)
        from.rest = []
        return Data(sequence: sequence, events: events, plainBytes: plainBytes, compression: compression, payload: payload)
    }

    static func malformed(_ what: String) -> TransferError { TransferError(.malformed, "\(what): this breaks the protocol") }
}

/// Fields one behind the other.
private struct FieldReader {
    var rest: ArraySlice<UInt8>

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) throws(TransferError) -> Number {
        let size = Number.bitWidth / 8
        guard rest.count >= size else { throw TransferFrame.malformed("a frame that ends inside a number") }
        var number: Number = 0
        for byte in rest.prefix(size).reversed() { number = number << 8 | Number(truncatingIfNeeded: byte) }
        rest = rest.dropFirst(size)
        return number
    }

    /// A text behind its length in two bytes.
    mutating func text(bytesMax: Int) throws(TransferError) -> String {
        let count = Int(try number(UInt16.self))
        guard count <= bytesMax, count <= rest.count else {
            throw TransferFrame.malformed("a text of \(count) bytes where \(min(bytesMax, rest.count)) are the most")
        }
        guard let text = String(validating: rest.prefix(count), as: UTF8.self) else {
            throw TransferFrame.malformed("a text that is not UTF-8")
        }
        rest = rest.dropFirst(count)
        return text
    }
}

extension [UInt8] {
    /// Appends a number, lowest byte first.
    fileprivate mutating func appendNumber(_ number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    /// Appends a text behind its length in two bytes, cut where a character begins.
    fileprivate mutating func appendText(_ text: String, bytesMax: Int) {
        var kept = text
        while kept.utf8.count > bytesMax { kept.removeLast() }
        appendNumber(UInt16(kept.utf8.count))
        append(contentsOf: kept.utf8)
    }
}
