import Testing

@testable import SluiceStore

@Suite struct GoodGenerationTests {
    let folder = TemporaryFolder()

    private func generation(_ number: Int, _ files: [(String, [UInt8])]) -> GoodGeneration {
        GoodGeneration(
            number: number, time: Int64(number) * 100, configuration: Array("inputs: {}\n".utf8),
            files: files.map { GoodGeneration.File(path: $0.0, bytes: $0.1) })
    }

    @Test func `the last good generation and the one before it are kept`() throws {
        let store = try Store(folder: folder.path)
        #expect(try store.lastGood() == nil)
        for number in 1...4 { try store.saveGood(generation(number, [("a.lua", [UInt8(number), 0]), ("lib/b.lua", [])])) }
        try store.abandon()
        let next = try Store(folder: folder.path)
        #expect(try next.lastGood() == generation(4, [("a.lua", [4, 0]), ("lib/b.lua", [])]))
        #expect(try next.lastGood(before: 1) == generation(3, [("a.lua", [3, 0]), ("lib/b.lua", [])]))
        #expect(try next.lastGood(before: 2) == nil)
        try next.close()
    }

    @Test func `saving the same files again does not push the other generation out`() throws {
        let store = try Store(folder: folder.path)
        try store.saveGood(generation(1, [("a", [1])]))
        try store.saveGood(generation(2, [("a", [2]), ("b", [0])]))
        try store.saveGood(generation(9, [("b", [0]), ("a", [2])]))
        #expect(try store.lastGood() == generation(9, [("a", [2]), ("b", [0])]))
        #expect(try store.lastGood(before: 1) == generation(1, [("a", [1])]))
        try store.close()
    }

    @Test func `a generation larger than its bound is refused and the one before stays`() throws {
        let store = try Store(folder: folder.path)
        try store.saveGood(generation(1, [("a", [1])]))
        let size = Store.generationBytesMax + 1
        let large = GoodGeneration(
            number: 2, time: 0, configuration: [], files: [.init(path: "a", bytes: [UInt8](repeating: 0, count: size))])
        #expect(
            throws: StoreError(
                .tooLarge,
                "generation 2 has 268435457 bytes of files, more than can be kept (268435456); not kept; a start with refused rules would "
                    + "use the one kept before")
        ) { try store.saveGood(large) }
        #expect(try store.lastGood() == generation(1, [("a", [1])]))
        try store.close()
    }
}
