/// A table for a terminal: columns aligned, two spaces between them, nothing behind the last one.
struct TextTable {
    /// One cell: what it says and how it is shown.
    struct Cell {
        let text: String
        var meaning: TextPaint.Meaning?

        init(_ text: String, _ meaning: TextPaint.Meaning? = nil) {
            self.text = HumanText.escaped(text)
            self.meaning = meaning
        }
    }

    /// A column's heading and whether it holds numbers, which stand to the right.
    struct Column {
        let heading: String
        let isNumber: Bool

        static func text(_ heading: String) -> Column { Column(heading: heading, isNumber: false) }
        static func number(_ heading: String) -> Column { Column(heading: heading, isNumber: true) }
    }

    let columns: [Column]
    var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Lines without line ends, `indent` in front of each.
    func lines(_ paint: TextPaint, indent: String = "  ") -> [String] {
        let widths = columns.indices.map { index in
            rows.reduce(columns[index].heading.unicodeScalars.count) { max($0, $1[index].text.unicodeScalars.count) }
        }
        let heading = columns.map { Cell($0.heading, .aside) }
        return ([heading] + rows).map { row in
            var line = ""
            var gap = indent
            for (index, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[index] - cell.text.unicodeScalars.count)
                let shown = cell.meaning.map { paint(cell.text, $0) } ?? cell.text
                if cell.text.isEmpty {
                    gap += padding
                } else if columns[index].isNumber {
                    line += gap + padding + shown
                    gap = ""
                } else {
                    line += gap + shown
                    gap = padding
                }
                gap += "  "
            }
            return line
        }
    }
}
