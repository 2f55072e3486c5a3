import ArgumentParser
import SluiceRules

/// `sluice schema --lua`.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print definitions for editors.",
        discussion: """
            With `--lua` these are LuaCATS definitions of the Lua API: the Lua
            language server then completes `event.` and checks calls.

            Example:

              sluice schema --lua > .sluice/sluice.lua
            """)

    @Flag(help: "LuaCATS definitions of the Lua API.")
    var lua = false

    func validate() throws {
        if !lua { throw ValidationError("say what to print: `sluice schema --lua`") }
    }

    func run() { Terminal.write(LuaDefinitions.text, to: 1) }
}
