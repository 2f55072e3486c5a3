/// One count of a list that has as many entries as there are things to count.
package struct NamedCount: Sendable, Equatable {
    /// What is counted, as reports spell it (`year_guessed`).
    package let name: String
    package var count: Int

    /// A count.
    package init(_ name: String, _ count: Int) {
        self.name = name
        self.count = count
    }
}
