/// The Lua API as LuaCATS definitions, so that editors complete and check `event.`, `ip.` and the rest.
///
/// `sluice schema --lua` prints this; a Lua language server takes it as a library file.
package enum LuaDefinitions {
    /// The whole file.
    package static var text: String {
        var text = LuaDeclarations.text
        for library in LibrarySummary.all where !editorLibraries.contains(library.name) {
            let functions = LibrarySummary.functions(of: library.name)
            text += "\n"
            if library.name == HostFunction.methods {
                text += timestampClass
            } else if !library.name.isEmpty {
                text += comment(library.text) + "---@class sluice.\(library.name)\n\(library.name) = {}\n"
            }
            for function in functions { text += "\n" + definition(function) }
        }
        return text
    }

    /// Libraries of Lua itself, which editors know.
    static let editorLibraries = ["os"]

    private static let timestampClass = """
        ---A point in time with nanoseconds, offset and digits. `tostring` gives RFC 3339.
        ---@class timestamp
        ---@operator add(number): timestamp
        ---@operator sub(number): timestamp
        ---@operator sub(timestamp): number
        local timestamp = {}

        """

    private static func definition(_ function: HostFunction) -> String {
        var text = comment(function.summary)
        if !function.notes.isEmpty { text += "---\n" + comment(function.notes) }
        text += "---\n---```lua\n" + comment(function.example) + "---```\n"
        var names: [String] = []
        for parameter in function.parameters.dropFirst(function.isMethod ? 1 : 0) {
            let name = parameter.isRepeated ? "..." : parameter.name
            let mark = parameter.isOptional && !parameter.isRepeated ? "?" : ""
            text += line("---@param \(name)\(mark) \(parameter.type)", parameter.summary)
            names.append(name)
        }
        for result in function.results { text += line("---@return \(result.type) \(result.name)", result.summary) }
        return text + "function \(function.fullName)(\(names.joined(separator: ", "))) end\n"
    }

    private static func line(_ text: String, _ summary: String) -> String {
        summary.isEmpty ? text + "\n" : "\(text) # \(summary)\n"
    }

    /// Each line of a text behind `---`.
    private static func comment(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "---\($0)\n" }.joined()
    }
}
