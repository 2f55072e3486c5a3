/// One token of Lua source text.
package struct LuaToken: Equatable, Sendable {
    /// What a token is.
    package enum Kind: Equatable, Sendable {
        /// A name that is no keyword.
        case name
        case keyword
        /// A string literal.
        case string
        case number
        /// Operators and punctuation.
        case symbol
    }

    package let kind: Kind
    /// The name, keyword or symbol; the value of a string literal; the spelling of a number.
    package let text: String
    /// From 1.
    package let line: Int
    /// Byte within the line, from 1.
    package let column: Int
}
