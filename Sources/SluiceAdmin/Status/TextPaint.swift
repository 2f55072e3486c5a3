/// Colours of a terminal, or none.
package struct TextPaint: Sendable, Equatable {
    /// What a colour says.
    package enum Meaning: Sendable {
        case good, bad, warning, heading, aside
    }

    /// Whether anything is coloured at all.
    package let isColoured: Bool

    /// Paint for a terminal, or for anything else.
    package init(isColoured: Bool) { self.isColoured = isColoured }

    /// The text in its colour.
    package func callAsFunction(_ text: String, _ meaning: Meaning) -> String {
        guard isColoured, !text.isEmpty else { return text }
        let code =
            switch meaning {
            case .good: "32"
            case .bad: "31"
            case .warning: "33"
            case .heading: "1"
            case .aside: "2"
            }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
