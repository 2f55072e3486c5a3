import ArgumentParser
import SluiceEngine
import SluiceRules

/// `sluice schema [--lua]`.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print definitions for editors.",
        discussion: """
            Without options it is the JSON Schema (draft 2020-12) of sluice.yaml;
            editors that know the YAML language server complete and check the
            file when its first line is

              # yaml-language-server: $schema=.sluice/sluice.schema.json

            With `--lua` these are LuaCATS definitions of the Lua API: the Lua
            language server then completes `event.` and checks calls.

            Example:

              sluice schema > .sluice/sluice.schema.json
              sluice schema --lua > .sluice/sluice.lua
            """)

    @Flag(help: "LuaCATS definitions of the Lua API.")
    var lua = false

    func run() { Terminal.write(lua ? LuaDefinitions.text : ConfigurationSchema.text(), to: 1) }
}
