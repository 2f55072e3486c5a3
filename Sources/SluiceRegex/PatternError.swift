/// A regular expression or grok pattern that cannot be used.
package struct PatternError: Error, Equatable, Sendable {
    /// What is wrong, as a sentence for the user that names the pattern and the place in it.
    package let message: String
    /// Byte offset in the pattern where the fault was found; in a grok pattern that of the reference at fault.
    package let offset: Int

    /// An error.
    package init(_ message: String, offset: Int) {
        self.message = message
        self.offset = offset
    }
}
