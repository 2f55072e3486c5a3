/// The reference page of the rule libraries, made from the declarations.
package enum LibraryPage {
    /// Markdown for the documentation catalogue.
    package static var text: String {
        var page = """
            # Rule libraries

            What a rule may call besides Lua's `string`, `table`, `math` and `utf8`.

            <!-- Made from the declarations in Sources/SluiceRules; UPDATE_GOLDEN=1 swift test --filter LibraryPageTests rewrites it. -->

            Functions that read data answer nil and a reason when they cannot: data is no error. A wrong argument is an error of the
            event, as in Lua: `bad argument #1 to 'ip.contains' (string expected, got nil)`. So write `(event.client or "")` where a
            field may be absent.

            """
        for library in LibrarySummary.all {
            page += "\n## \(library.title)\n\n\(library.text)\n"
            for function in LibrarySummary.functions(of: library.name) { page += section(function) }
        }
        return page
    }

    private static func section(_ function: HostFunction) -> String {
        var text = "\n### \(signature(function))\n\n\(function.summary)\n"
        if !function.notes.isEmpty { text += "\(function.notes)\n" }
        let parameters = function.parameters.dropFirst(function.isMethod ? 1 : 0)
        if !parameters.isEmpty || !function.results.isEmpty { text += "\n" }
        for parameter in parameters {
            let kind = parameter.isRepeated ? " any number" : parameter.isOptional ? " optional" : ""
            text += "- `\(parameter.isRepeated ? "..." : parameter.name)` (`\(parameter.type)`\(kind.isEmpty ? "" : ",")\(kind))"
            text += parameter.summary.isEmpty ? "\n" : ": \(parameter.summary)\n"
        }
        for result in function.results {
            text += "- returns \(result.name == "..." ? "" : "`\(result.name)` ")(`\(result.type)`)"
            text += result.summary.isEmpty ? "\n" : ": \(result.summary)\n"
        }
        return text + "\n```lua\n\(function.example)\n```\n"
    }

    /// `ip.contains(network, address)`, with brackets around what may be left out.
    private static func signature(_ function: HostFunction) -> String {
        var text = function.fullName + "("
        var open = 0
        for (index, parameter) in function.parameters.dropFirst(function.isMethod ? 1 : 0).enumerated() {
            if parameter.isOptional {
                text += index == 0 ? "[" : " ["
                open += 1
            }
            text += (index == 0 ? "" : ", ") + (parameter.isRepeated ? parameter.name + "…" : parameter.name)
        }
        return text.replacing(" [, ", with: "[, ") + String(repeating: "]", count: open) + ")"
    }
}

extension String {
    /// The text with each occurrence of a part replaced.
    fileprivate func replacing(_ part: String, with other: String) -> String {
        var (rest, result) = (self[...], "")
        while let start = rest.indices.first(where: { rest[$0...].hasPrefix(part) }) {
            result += rest[..<start] + other
            rest = rest[start...].dropFirst(part.count)
        }
        return result + rest
    }
}
