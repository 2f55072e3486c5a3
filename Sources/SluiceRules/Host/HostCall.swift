package import CSluice

/// One call from Lua to a host library, seen from Swift: typed arguments in, results out by value.
///
/// A call lives as long as its function runs. Argument bytes belong to the caller and must not be kept; text results go to
/// ``scratch``, which may move while it grows. Nothing here raises: ``fail(_:)`` is an answer that the C side turns into a
/// Lua error once no Swift frame is on the stack.
package struct HostCall {
    /// The C record.
    package let raw: UnsafeMutablePointer<sl_host_call>

    /// Wraps a call.
    @inline(__always) package init(_ raw: UnsafeMutablePointer<sl_host_call>) { self.raw = raw }

    /// Results a call may have.
    package static let resultsMax = 8
}

// MARK: - Arguments

extension HostCall {
    /// Arguments given.
    @inline(__always) package var count: Int { Int(raw.pointee.argument_count) }

    /// Index of the calling rule.
    @inline(__always) package var rule: Int { Int(raw.pointee.rule) }

    /// Kind of an argument; nil for one that was not given.
    @inline(__always) package func kind(_ index: Int) -> HostKind {
        index < count ? HostKind(valueType: value(index).type) : .nothing
    }

    /// Whether an argument was given and is not nil.
    @inline(__always) package func has(_ index: Int) -> Bool { kind(index) != .nothing }

    /// The bytes of a string argument or the JSON text of a table; empty for anything else.
    @inline(__always) package func bytes(_ index: Int) -> UnsafeRawBufferPointer {
        guard index < count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let value = value(index)
        guard value.type == UInt8(SL_VALUE_STRING) || value.type == UInt8(SL_VALUE_JSON) else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        // SAFETY: the caller keeps argument bytes alive during the call.
        return UnsafeRawBufferPointer(start: value.text.bytes, count: value.text.length)
    }

    /// A string argument as text for messages and rare calls; bytes that are not UTF-8 are replaced.
    package func string(_ index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

    /// An integer argument (floats without fraction were made integers by the argument check).
    @inline(__always) package func integer(_ index: Int, default standard: Int64 = 0) -> Int64 {
        guard index < count else { return standard }
        let value = value(index)
        switch Int(value.type) {
        case Int(SL_VALUE_INTEGER): return value.integer
        case Int(SL_VALUE_FLOAT): return Int64(exactly: value.number) ?? standard
        default: return standard
        }
    }

    /// A number argument as double.
    @inline(__always) package func number(_ index: Int, default standard: Double = 0) -> Double {
        guard index < count else { return standard }
        let value = value(index)
        switch Int(value.type) {
        case Int(SL_VALUE_INTEGER): return Double(value.integer)
        case Int(SL_VALUE_FLOAT): return value.number
        default: return standard
        }
    }

    /// A boolean argument.
    @inline(__always) package func boolean(_ index: Int, default standard: Bool = false) -> Bool {
        guard index < count else { return standard }
        switch Int(value(index).type) {
        case Int(SL_VALUE_TRUE): return true
        case Int(SL_VALUE_FALSE): return false
        default: return standard
        }
    }

    /// A timestamp argument.
    @inline(__always) package func timestamp(_ index: Int) -> Timestamp {
        let value = value(index)
        return Timestamp(nanoseconds: value.integer, detail: value.detail)
    }

    @inline(__always) func value(_ index: Int) -> sl_value {
        // SAFETY: callers check `index` against the argument count.
        raw.pointee.arguments[index]
    }
}

// MARK: - Results

extension HostCall {
    /// The buffer that text results are written to.
    @inline(__always) package var scratch: UnsafeMutablePointer<sl_buffer> { raw.pointee.scratch }

    /// Adds nil.
    @inline(__always) package func pushNil() { push(SL_VALUE_NIL, integer: 0) }

    /// Adds a boolean.
    @inline(__always) package func push(_ value: Bool) { push(value ? SL_VALUE_TRUE : SL_VALUE_FALSE, integer: 0) }

    /// Adds an integer.
    @inline(__always) package func push(_ value: Int64) { push(SL_VALUE_INTEGER, integer: value) }

    /// Adds a float.
    @inline(__always) package func push(_ value: Double) {
        var result = sl_value()
        result.type = UInt8(SL_VALUE_FLOAT)
        result.number = value
        push(result)
    }

    /// Adds a timestamp.
    @inline(__always) package func push(_ value: Timestamp) {
        push(SL_VALUE_TIMESTAMP, integer: value.nanoseconds, detail: value.detail)
    }

    /// Where the next text result starts: write to ``scratch``, then call ``pushText(from:)``.
    @inline(__always) package var textStart: Int { scratch.pointee.length }

    /// Adds what was written to ``scratch`` since `start` as a string.
    @inline(__always) package func pushText(from start: Int) { pushText(from: start, type: UInt8(SL_VALUE_STRING)) }

    /// Adds what was written to ``scratch`` since `start` as JSON text of an object or array, which becomes a Lua table.
    @inline(__always) package func pushTable(from start: Int) { pushText(from: start, type: UInt8(SL_VALUE_JSON)) }

    /// Adds bytes as a string.
    @inline(__always) package func push(_ bytes: UnsafeRawBufferPointer) {
        let start = textStart
        scratch.append(bytes)
        pushText(from: start)
    }

    /// Adds a text; for rare results.
    package func push(_ text: String) {
        let start = textStart
        scratch.append(text)
        pushText(from: start)
    }

    /// Answers nil and the reason: for data that could not be understood, which is no error.
    package func refuse(_ reason: String) {
        pushNil()
        push(reason)
    }

    /// Ends the call with a Lua error.
    package func fail(_ message: String) {
        raw.pointee.result_count = 0
        scratch.pointee.length = 0
        push(message)
        raw.pointee.failed = 1
    }

    /// Notes what `dedup`, `throttle` or `sample` just said of this event (`SL_DEDUPLICATED` …).
    @inline(__always) package func mark(_ verdict: Int) { raw.pointee.mark = UInt8(verdict) }

    @inline(__always) private func pushText(from start: Int, type: UInt8) {
        var value = sl_value()
        value.type = type
        // SAFETY: not an address: the C side adds the scratch buffer's start.
        value.text.bytes = UnsafePointer(bitPattern: start)
        value.text.length = scratch.pointee.length - start
        push(value)
    }

    @inline(__always) private func push(_ type: Int, integer: Int64, detail: UInt32 = 0) {
        var value = sl_value()
        value.type = UInt8(type)
        value.detail = detail
        value.integer = integer
        push(value)
    }

    @inline(__always) private func push(_ value: sl_value) {
        let index = Int(raw.pointee.result_count)
        precondition(index < HostCall.resultsMax, "a host call has at most \(HostCall.resultsMax) results")
        // SAFETY: `results` is an array of `resultsMax` values and `index` was checked.
        withUnsafeMutablePointer(to: &raw.pointee.results) { results in
            results.withMemoryRebound(to: sl_value.self, capacity: HostCall.resultsMax) { $0[index] = value }
        }
        raw.pointee.result_count += 1
    }
}
