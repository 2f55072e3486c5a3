import Yams

/// What is wrong with the syntax of a YAML text, in our words.
struct YAMLFault {
    let message: String
    let place: ConfigPlace?

    /// The library's error for a text.
    init(_ error: any Error, _ repairs: YAMLRepairs) {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            (message, place) = Self.explained(
                problem, context: context?.text ?? "", begins: context.map { repairs.place($0.mark) }, at: repairs.place(mark))
        case .reader(let problem, _, _, _):
            (message, place) = ("this is no YAML: \(problem)", nil)
        case .duplicatedKeysInMapping(let names, let context):
            let name = YAMLRepairs.name(names.first ?? "").name
            (message, place) = ("`\(name)` stands twice in one mapping; keep one of them", repairs.place(context.mark))
        default:
            (message, place) = ("this cannot be read as YAML: lists and mappings are nested too deep", nil)
        }
    }

    private static func explained(
        _ problem: String, context: String, begins: ConfigPlace?, at place: ConfigPlace
    ) -> (String, ConfigPlace) {
        let start = begins ?? place
        let character = scalar(at: place)
        switch problem {
        case _ where character == "\t" && (problem.contains("tab") || problem.contains("token")):
            return ("a tab stands where YAML takes blanks only; indent with blanks", place)
        case "found a tab character that violates indentation", "found a tab character where an indentation space is expected":
            return ("a tab stands where YAML takes blanks only; indent with blanks", place)
        case "found character that cannot start any token":
            return ("a text cannot begin with `\(character.map(String.init) ?? "")`; put it in quotes", place)
        case "mapping values are not allowed in this context":
            return ("a `key:` cannot stand here; indent it like its neighbours, or put a text with `: ` in quotes", place)
        case "did not find expected key" where context.contains("block mapping"):
            return ("this is indented other than the keys above it, or a quote or bracket before it ends too early", place)
        case "did not find expected '-' indicator":
            return ("an item of a list begins with `- `; begin this line so, or indent it like the keys it belongs to", place)
        case "could not find expected ':'":
            return ("there is no `:` behind this; write `key: value`", start)
        case "did not find expected ',' or '}'":
            return ("`,` or `}` is missing here; the `{` stands on line \(start.line)", place)
        case "did not find expected ',' or ']'":
            return ("`,` or `]` is missing here; the `[` stands on line \(start.line)", place)
        case "found unexpected end of stream", "found unexpected document indicator":
            return ("the quote that opens here is never closed; close it", start)
        case "did not find expected alphabetic or numeric character":
            let sign = scalar(at: start).map(String.init) ?? ""
            return ("`\(sign)` begins a YAML reference; put a text that begins with it in quotes", start)
        case "found undefined alias":
            return ("`*` refers to a value that is not named (`&name`) above; put a text that begins with `*` in quotes", place)
        case "found unknown escape character", "did not find expected hexdecimal number", "found invalid Unicode character escape code":
            return ("an unknown escape after `\\` in double quotes; write `\\\\` for a backslash, or use single quotes", place)
        case "but found another document":
            return ("a second document begins here; a configuration is one document", place)
        case "block sequence entries are not allowed in this context":
            return ("an item of a list cannot stand here; write the list below its key, one `- item` a line", place)
        case "did not find expected node content":
            return ("a value is missing here", place)
        case "did not find expected <document start>":
            return ("this does not belong to anything above it; write `key: value` at the same depth as the other keys", place)
        case "found undefined tag handle":
            return ("`!` begins a YAML tag; put a text that begins with it in quotes", start)
        default:
            return ("this cannot be read as YAML: \(context.isEmpty ? "" : context + ", ")\(problem)", place)
        }
    }

    private static func scalar(at place: ConfigPlace) -> Unicode.Scalar? {
        let line = Array(place.source.lines[place.line - 1].unicodeScalars)
        return place.column <= line.count ? line[place.column - 1] : nil
    }
}
