/// A look at a data directory that another process may have: the dead letters of a service that runs, or of one that does not.
///
/// Changes nothing. It blocks no service: each call sees what was saved when it began.
package final class StoreReader: Sendable {
    private let file: DatabaseFile

    /// Opens `sluice.db` in a data directory that a service made.
    package init(folder: String) throws(StoreError) {
        file = try DatabaseFile(path: Store.path(folder), schema: .store, settings: .init(isReadOnly: true))
    }

    /// One page of dead letters.
    package func letters(_ query: DeadLetterQuery = DeadLetterQuery()) throws(StoreError) -> [DeadLetter] {
        try file.read { connection throws(StoreError) in try DeadLetters(connection: connection).list(query) }
    }

    /// One dead letter.
    package func letter(_ id: Int64) throws(StoreError) -> DeadLetter? {
        try file.read { connection throws(StoreError) in try DeadLetters(connection: connection).letter(id) }
    }

    /// How many dead letters there are.
    package func letterTotals() throws(StoreError) -> DeadLetterTotals {
        try file.read { connection throws(StoreError) in try DeadLetters(connection: connection).totals() }
    }
}
