import CSluice
import Testing

@testable import SluiceRules

/// A value as a rule would pass or get it.
enum RuleValue: Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    case missing, boolean(Bool), integer(Int64), float(Double), text([UInt8]), table(String), null, time(Timestamp), other

    init(stringLiteral value: String) { self = .text(Array(value.utf8)) }
    init(integerLiteral value: Int64) { self = .integer(value) }
    init(floatLiteral value: Double) { self = .float(value) }
    init(booleanLiteral value: Bool) { self = .boolean(value) }
    init(nilLiteral: ()) { self = .missing }

    /// A text with any bytes.
    static func string(_ text: String) -> RuleValue { .text(Array(text.utf8)) }
    /// A time in UTC.
    static func unix(_ seconds: Int64, _ nanoseconds: Int64 = 0) -> RuleValue {
        .time(Timestamp(nanoseconds: seconds * 1_000_000_000 + nanoseconds))
    }

    /// The text of a string.
    var string: String? { if case .text(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil } }
    /// The time of a timestamp.
    var timestamp: Timestamp? { if case .time(let time) = self { time } else { nil } }
}

/// What a call answered.
struct RuleAnswer: Equatable {
    var values: [RuleValue]
    var failure: String?
    var mark: Int

    /// The first value.
    var first: RuleValue { values.first ?? .missing }
}

/// Calls host functions the way the Lua binding does, without Lua.
final class LibraryBench {
    let context: HostContext
    var rule = 0
    private var scratch = sl_buffer()

    init(_ context: HostContext = HostContext(), folder: String = "/nonexistent") {
        self.context = context
        context.add(HostRule(name: "test", folder: folder))
    }

    deinit { sl_buffer_destroy(&scratch) }

    /// The first value of a call that has to succeed.
    func callAsFunction(_ name: String, _ arguments: RuleValue..., sourceLocation: SourceLocation = #_sourceLocation) -> RuleValue {
        let answer = call(name, arguments)
        #expect(answer.failure == nil, sourceLocation: sourceLocation)
        return answer.first
    }

    /// All values of a call that has to succeed.
    func all(_ name: String, _ arguments: RuleValue..., sourceLocation: SourceLocation = #_sourceLocation) -> [RuleValue] {
        let answer = call(name, arguments)
        #expect(answer.failure == nil, sourceLocation: sourceLocation)
        return answer.values
    }

    /// The message of a call that has to fail.
    func failure(_ name: String, _ arguments: RuleValue...) -> String? { call(name, arguments).failure }

    /// Carries a call out.
    func call(_ name: String, _ arguments: [RuleValue]) -> RuleAnswer {
        guard let function = HostRegistry.index(of: name) else {
            Issue.record("there is no function \(name)")
            return RuleAnswer(values: [], failure: "", mark: 0)
        }
        var storage: [UnsafeMutableBufferPointer<UInt8>] = []
        defer { storage.forEach { $0.deallocate() } }
        let values = arguments.map { value(of: $0, &storage) }
        scratch.length = 0
        return values.withUnsafeBufferPointer { values in
            withUnsafeMutablePointer(to: &scratch) { scratch in
                var call = sl_host_call()
                call.arguments = values.baseAddress
                call.argument_count = Int32(values.count)
                call.scratch = scratch
                call.rule = UInt16(rule)
                call.now = context.now
                HostRegistry.dispatch(context.pointer, UInt32(function), &call)
                let results = withUnsafeBytes(of: call.results) { Array($0.bindMemory(to: sl_value.self)) }
                    .prefix(Int(call.result_count)).map { answer(of: $0, scratch.pointee) }
                if call.failed != 0 { return RuleAnswer(values: [], failure: results[0].string, mark: Int(call.mark)) }
                return RuleAnswer(values: Array(results), failure: nil, mark: Int(call.mark))
            }
        }
    }

    private func value(of argument: RuleValue, _ storage: inout [UnsafeMutableBufferPointer<UInt8>]) -> sl_value {
        var value = sl_value()
        func text(_ bytes: [UInt8], _ type: Int) {
            // Exactly as many bytes as the text has, so that a sanitizer sees every step too far.
            let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
            _ = copy.initialize(from: bytes)
            storage.append(copy)
            value.type = UInt8(type)
            value.text.bytes = UnsafePointer(copy.baseAddress)
            value.text.length = bytes.count
        }
        switch argument {
        case .missing: value.type = UInt8(SL_VALUE_NIL)
        case .boolean(let flag): value.type = UInt8(flag ? SL_VALUE_TRUE : SL_VALUE_FALSE)
        case .integer(let number): (value.type, value.integer) = (UInt8(SL_VALUE_INTEGER), number)
        case .float(let number): (value.type, value.number) = (UInt8(SL_VALUE_FLOAT), number)
        case .text(let bytes): text(bytes, SL_VALUE_STRING)
        case .table(let json): text(Array(json.utf8), SL_VALUE_JSON)
        case .null: value.type = UInt8(SL_VALUE_NULL)
        case .time(let time):
            (value.type, value.integer, value.detail) = (UInt8(SL_VALUE_TIMESTAMP), time.nanoseconds, time.detail)
        case .other: value.type = UInt8(SL_VALUE_OTHER)
        }
        return value
    }

    private func answer(of value: sl_value, _ scratch: sl_buffer) -> RuleValue {
        func bytes() -> [UInt8] {
            let offset = value.text.bytes.map { Int(bitPattern: $0) } ?? 0
            return Array(UnsafeBufferPointer(start: scratch.bytes + offset, count: value.text.length))
        }
        switch Int(value.type) {
        case SL_VALUE_FALSE: return .boolean(false)
        case SL_VALUE_TRUE: return .boolean(true)
        case SL_VALUE_INTEGER: return .integer(value.integer)
        case SL_VALUE_FLOAT: return .float(value.number)
        case SL_VALUE_STRING: return value.text.length == 0 ? "" : .text(bytes())
        case SL_VALUE_JSON: return .table(String(decoding: bytes(), as: UTF8.self))
        case SL_VALUE_NULL: return .null
        case SL_VALUE_TIMESTAMP: return .time(Timestamp(nanoseconds: value.integer, detail: value.detail))
        default: return .missing
        }
    }
}
