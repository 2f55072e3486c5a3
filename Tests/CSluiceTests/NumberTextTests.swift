import CSluice
import Testing

@Suite struct NumberTextTests {
    static func text(_ value: Double) -> String {
        var bytes = [CChar](repeating: 0, count: 33)
        let count = sl_print_double(&bytes, value)
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Digits between the first and the last that is not zero.
    static func significant(_ text: String) -> Int {
        let digits = text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
        return digits.reversed().drop { $0 == "0" }.count
    }

    @Test(arguments: [
        (0.0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (0.1, "0.1"), (-2.5, "-2.5"), (1234.5678, "1234.5678"), (1e-7, "1e-7"),
        (1e15, "1e+15"), (.leastNonzeroMagnitude, "5e-324"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
        (4.35, "4.35"),
    ])
    func `a float is its shortest text, with a point or an exponent`(value: Double, expected: String) {
        #expect(Self.text(value) == expected)
    }

    @Test func `every float reads back as itself with no digit too many`() {
        var state: UInt64 = 7
        var wrong: [Double] = []
        for index in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = index % 2 == 0 ? Double(bitPattern: state) : Double(state >> 40) / [1, 10, 1000, 1e5][index / 2 % 4]
            guard value.isFinite else { continue }
            let text = Self.text(value)
            if Double(text) != value || Self.significant(text) > Self.significant(value.description) { wrong.append(value) }
        }
        #expect(wrong.isEmpty)
    }
}
