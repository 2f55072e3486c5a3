import CSluice

/// Which lines of a Lua text hold code that can run, by its compiled form.
///
/// Lua's own list of lines covers one function at a time and only those that exist already, so the compiled form is read: the
/// line numbers of its instructions, of all functions in one another. The layout is that of Lua 5.4 (`ldump.c`), which is linked
/// in; anything else than that gives no lines.
///
///     header · upvalues · function := source · lines · flags · code · constants · upvalues · function* · line numbers · names
enum LuaChunkLines {
    /// The lines in order; none when the text does not compile.
    static func executable(_ text: [UInt8]) -> [Int] {
        var limits = sl_limits()
        limits.memory_bytes = 256 << 20
        limits.event_cpu_ns = 1_000_000_000
        limits.load_cpu_ns = 10_000_000_000
        var services = sl_services()
        guard let lane = sl_lane_create(&limits, &services) else { return [] }
        defer { sl_lane_destroy(lane) }
        var buffer = sl_buffer()
        defer { sl_buffer_destroy(&buffer) }
        let isCompiled = text.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                var source = sl_text(bytes: characters.baseAddress, length: characters.count)
                return characters.baseAddress == nil ? false : sl_lane_dump(lane, &source, &buffer)
            }
        }
        guard isCompiled else { return [] }
        var reader = LuaDumpReader(UnsafeBufferPointer(start: buffer.bytes, count: buffer.length))
        guard reader.skipHeader() else { return [] }
        reader.function()
        return reader.isWhole ? reader.lines.sorted() : []
    }
}

/// Reads the compiled form of Lua 5.4.
struct LuaDumpReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0
    /// Lines of instructions so far.
    private(set) var lines: Set<Int> = []
    /// Whether everything was there that should be.
    private(set) var isWhole = true

    private static let header: [UInt8] = [0x1B, 0x4C, 0x75, 0x61, 0x54, 0, 0x19, 0x93, 0x0D, 0x0A, 0x1A, 0x0A, 4, 8, 8]

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// Signature, version, sizes, a test integer and a test float, the number of upvalues.
    mutating func skipHeader() -> Bool {
        guard bytes.count > Self.header.count + 17, bytes.starts(with: Self.header) else { return false }
        at = Self.header.count + 17
        return true
    }

    private mutating func byte() -> UInt8 {
        guard at < bytes.count else {
            isWhole = false
            return 0x80
        }
        at += 1
        return bytes[at - 1]
    }

    private mutating func skip(_ count: Int) {
        if count < 0 || count > bytes.count - at { isWhole = false } else { at += count }
    }

    /// Seven bits a byte, the highest first; the last byte has its top bit set.
    private mutating func number() -> Int {
        var value = 0
        while isWhole {
            let next = byte()
            guard value < 1 << 48 else {
                isWhole = false
                return 0
            }
            value = value << 7 | Int(next & 0x7F)
            if next & 0x80 != 0 { break }
        }
        return value
    }

    private mutating func text() {
        let length = number()
        if length > 1 { skip(length - 1) }
    }

    mutating func function() {
        text()
        let first = number()
        _ = number()
        _ = byte()
        let isVariadic = byte() != 0
        _ = byte()
        let code = number()
        skip(code * 4)
        constants()
        skip(number() * 3)
        var inner = number()
        while inner > 0, isWhole {
            function()
            inner -= 1
        }
        lineNumbers(from: first, isVariadic: isVariadic)
    }

    private mutating func constants() {
        var count = number()
        while count > 0, isWhole {
            switch byte() {
            case 0x03, 0x13: skip(8)
            case 0x04, 0x14: text()
            default: break
            }
            count -= 1
        }
    }

    /// A difference an instruction; -128 stands for a line number in the list behind. The first instruction of a variadic
    /// function only prepares it, and the last one of any function is the return that nobody wrote.
    private mutating func lineNumbers(from first: Int, isVariadic: Bool) {
        let count = number()
        var differences: [Int] = []
        for _ in 0..<(isWhole ? count : 0) where isWhole { differences.append(Int(Int8(bitPattern: byte()))) }
        var absolute: [Int: Int] = [:]
        for _ in 0..<number() where isWhole {
            let instruction = number()
            absolute[instruction] = number()
        }
        var line = first
        for (instruction, difference) in differences.enumerated() {
            line = difference == -128 ? absolute[instruction] ?? line : line + difference
            if instruction + 1 < differences.count, !(isVariadic && instruction == 0) { lines.insert(line) }
        }
        for _ in 0..<number() where isWhole {
            text()
            _ = number()
            _ = number()
        }
        for _ in 0..<number() where isWhole { text() }
    }
}
