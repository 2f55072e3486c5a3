import SluiceOutputs
import Testing

@Suite struct OutputCatalogueTests {
    @Test func `kinds are unique`() {
        let kinds = OutputCatalogue.entries.map(\.kind)
        #expect(Set(kinds).count == kinds.count)
    }
}
