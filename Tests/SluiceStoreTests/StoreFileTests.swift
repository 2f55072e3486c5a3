import SluiceStore
import Testing

@Suite struct StoreFileTests {
    @Test func `the database answers`() throws {
        #expect(try StoreFile.version()?.hasPrefix("3.") == true)
    }
}
