/// Reading of numbers and durations from bytes.
enum NumberText {
    /// A decimal integer with optional sign; nil for anything else.
    static func integer(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        var index = 0
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative || bytes.first == UInt8(ascii: "+") { index = 1 }
        guard index < bytes.count else { return nil }
        var value: Int64 = 0
        while index < bytes.count {
            let digit = bytes[index] &- 0x30
            guard digit < 10 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.subtractingReportingOverflow(Int64(digit))
            if overflow || carry { return nil }
            value = sum
            index += 1
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }

    /// Nanoseconds of `250ms`, `1.5s`, `1h30m`; nil when the text is no duration or is too long for 64 bits.
    static func duration(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        var index = 0
        var total: Int64 = 0
        guard !bytes.isEmpty else { return nil }
        while index < bytes.count {
            guard let part = durationPart(bytes, &index) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            if overflow { return nil }
            total = sum
        }
        return total
    }

    private static func durationPart(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Int64? {
        var whole: Int64 = 0
        var fraction: Int64 = 0
        var fractionScale: Int64 = 1
        let start = index
        var isFraction = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "."), !isFraction, index > start {
                isFraction = true
            } else if byte &- 0x30 < 10 {
                let digit = Int64(byte &- 0x30)
                if !isFraction {
                    let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
                    let (sum, carry) = product.addingReportingOverflow(digit)
                    if overflow || carry { return nil }
                    whole = sum
                } else if fractionScale < 1_000_000_000 {
                    fraction = fraction * 10 + digit
                    fractionScale *= 10
                }
            } else {
                break
            }
            index += 1
        }
        guard index > start, bytes[index - 1] != UInt8(ascii: "."), let unit = durationUnit(bytes, &index) else { return nil }
        let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
        if overflow { return nil }
        let part = Int64((Double(fraction) / Double(fractionScale) * Double(unit)).rounded())
        let (sum, carry) = product.addingReportingOverflow(part)
        return carry ? nil : sum
    }

    private static func durationUnit(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Int64? {
        guard index < bytes.count else { return nil }
        let first = bytes[index]
        let second = index + 1 < bytes.count ? bytes[index + 1] : 0
        if second == UInt8(ascii: "s") {
            switch first {
            case UInt8(ascii: "n"): index += 2; return 1
            case UInt8(ascii: "u"): index += 2; return 1_000
            case UInt8(ascii: "m"): index += 2; return 1_000_000
            default: break
            }
        }
        index += 1
        switch first {
        case UInt8(ascii: "s"): return 1_000_000_000
        case UInt8(ascii: "m"): return 60_000_000_000
        case UInt8(ascii: "h"): return 3_600_000_000_000
        case UInt8(ascii: "d"): return 86_400_000_000_000
        default: return nil
        }
    }
}

extension HostCall {
    /// Nanoseconds of a duration argument: text such as `60s`, or seconds. Fails the call when it is neither or below `least`.
    func duration(_ index: Int, of fullName: String, least: Int64 = 1) -> Int64? {
        let nanoseconds: Int64?
        switch kind(index) {
        case .string: nanoseconds = NumberText.duration(bytes(index))
        case .integer:
            let (product, overflow) = integer(index).multipliedReportingOverflow(by: 1_000_000_000)
            nanoseconds = overflow ? nil : product
        default: nanoseconds = Int64(exactly: (number(index) * 1e9).rounded())
        }
        if let nanoseconds, nanoseconds >= least { return nanoseconds }
        let given = kind(index) == .string ? "`\(string(index))`" : "\(number(index))"
        failArgument(index, of: fullName, "duration such as `60s` expected, got \(given)")
        return nil
    }
}
