import CSluice
import SluiceInputs
import Testing

@Suite struct JSONBodyTests {
    private enum Result: Equatable {
        case values([String])
        case fault(String, line: Int, offset: Int)
    }

    /// What a body gives.
    private func read(_ bytes: [UInt8], valueBytesMax: Int = 1 << 20) -> Result {
        let padded = bytes + [UInt8](repeating: UInt8(ascii: "]"), count: Int(SL_PADDING))
        return padded.withUnsafeBufferPointer { all in
            var body = JSONBody(UnsafeBufferPointer(rebasing: all[..<bytes.count]), valueBytesMax: valueBytesMax)
            do throws(JSONBody.Fault) {
                let count = try body.count()
                var values: [String] = []
                while let place = try body.next() { values.append(String(decoding: bytes[place], as: UTF8.self)) }
                #expect(values.count == count)
                return .values(values)
            } catch {
                return .fault(error.message, line: error.line, offset: error.offset)
            }
        }
    }

    private func read(_ text: String) -> Result { read(Array(text.utf8)) }

    @Test func `values come one after the other, arrays give their elements`() {
        #expect(read("") == .values([]))
        #expect(read(" \r\n\t") == .values([]))
        #expect(read("{\"a\":1}\n{\"b\":[2]}\n") == .values(["{\"a\":1}", "{\"b\":[2]}"]))
        #expect(read("{\"a\":1}{\"b\":2}") == .values(["{\"a\":1}", "{\"b\":2}"]))
        #expect(read("{\n \"a\" : 1\n}") == .values(["{\n \"a\" : 1\n}"]))
        #expect(read("[]") == .values([]))
        #expect(read("[ {\"a\":1} , 2,\"x\",[3,4],null ]") == .values(["{\"a\":1}", "2", "\"x\"", "[3,4]", "null"]))
        #expect(read("[{\"a\":1}]\n[{\"b\":2}]\n{\"c\":3}") == .values(["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]))
        #expect(read("1 true -2.5e3 \"a b\"") == .values(["1", "true", "-2.5e3", "\"a b\""]))
        #expect(read([0xEF, 0xBB, 0xBF] + Array("{}".utf8)) == .values(["{}"]))
    }

    @Test func `a fault has its place`() {
        #expect(read("{\"a\":1}\n{\"b\":}") == .fault("this is no valid JSON", line: 2, offset: 13))
        #expect(read("[1,2") == .fault("the array does not end", line: 1, offset: 4))
        #expect(read("[1,\n2,") == .fault("the array does not end", line: 2, offset: 6))
        #expect(read("[1 2]") == .fault("a comma or the end of the array is expected", line: 1, offset: 3))
        #expect(read("[,1]") == .fault("a JSON value is expected", line: 1, offset: 1))
        #expect(read("[1,]") == .fault("a JSON value is expected", line: 1, offset: 3))
        #expect(read("nonsense") == .fault("a JSON value is expected", line: 1, offset: 0))
        #expect(read("{\"a\":1") == .fault("the value does not end", line: 1, offset: 6))
        #expect(read("\"abc") == .fault("the value does not end", line: 1, offset: 4))
        #expect(read("]") == .fault("a JSON value is expected", line: 1, offset: 0))
        #expect(read("1,2") == .fault("a line end or a comma is expected behind the value", line: 1, offset: 1))
        #expect(read("[truex]") == .fault("a line end or a comma is expected behind the value", line: 1, offset: 5))
        let long = read(Array("{\"abc\":1}".utf8), valueBytesMax: 8)
        #expect(long == .fault("a value of 9 bytes is longer than `max_frame_size` (8)", line: 1, offset: 0))
    }

    @Test func `nesting has an end, and so has every walk`() {
        #expect(read(String(repeating: "[", count: 100_000)) != .values([]))
        let deep = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)
        guard case .fault = read(deep) else {
            Issue.record("too deep")
            return
        }
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("[]{},:\"\\ntrue1-.e \n".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in alphabet.randomElement(using: &generator)! }
            _ = read(bytes)
        }
    }

    /// Every cut of a valid body is either a shorter valid body or a fault at a place inside it.
    @Test func `no cut is taken for something else`() {
        let whole = Array("[{\"a\":[1,2,{\"b\":\"x\\\"y\"}]},-1.5,\"é\",true]\n{\"c\":null}\n".utf8)
        for count in 0...whole.count {
            switch read(Array(whole[..<count])) {
            case .values(let values): #expect(count == 0 || values.count >= 4, "\(count)")
            case .fault(_, let line, let offset): #expect(offset <= count && line <= 2)
            }
        }
    }
}
