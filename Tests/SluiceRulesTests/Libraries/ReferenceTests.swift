import CLua
import Foundation
import Testing

@testable import SluiceRules

@Suite struct LibraryPageTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../Sources/SluiceCommands/Documentation.docc/RuleLibraries.md").standardized

    @Test func `the reference page is what the declarations say`() throws {
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try FileManager.default.createDirectory(at: Self.page.deletingLastPathComponent(), withIntermediateDirectories: true)
            try LibraryPage.text.write(to: Self.page, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: Self.page, encoding: .utf8)
        #expect(
            written == LibraryPage.text, "the page is stale; UPDATE_GOLDEN=1 swift test --filter LibraryPageTests rewrites it")
    }

    @Test func `every library is introduced`() {
        let known = LibrarySummary.all.map(\.name)
        #expect(Set(known).count == known.count)
        for function in HostRegistry.functions + BindingFunctions.functions {
            #expect(known.contains(function.library), "\(function.fullName)")
        }
    }

    @Test func `editors get every function once, and none that only the binding calls`() {
        let lines = LuaDefinitions.text.split(separator: "\n").filter { $0.hasPrefix("function ") }
        #expect(Set(lines).count == lines.count)
        for function in HostRegistry.functions + BindingFunctions.functions {
            let isListed = !function.isHidden && !LuaDefinitions.editorLibraries.contains(function.library)
            let start = "function \(function.fullName)("
            #expect(lines.filter { $0.hasPrefix(start) }.count == (isListed ? 1 : 0), "\(function.fullName)")
        }
    }

    @Test func `optional parameters stand in brackets`() {
        #expect(LibraryPage.text.contains("\n### time.parse(text[, format[, zone]])\n"))
        #expect(LibraryPage.text.contains("\n### timestamp:format([format[, zone]])\n"))
        #expect(LibraryPage.text.contains("\n### lookup.csv(path, key[, value…])\n"))
    }

    @Test func `every example and the definitions compile as Lua`() throws {
        let state = try #require(luaL_newstate())
        defer { lua_close(state) }
        func fault(_ text: String) -> String? {
            let result = luaL_loadbufferx(state, text, text.utf8.count, "=example", "t")
            defer { lua_settop(state, 0) }
            return result == LUA_OK ? nil : String(cString: lua_tolstring(state, -1, nil))
        }
        for function in HostRegistry.functions + BindingFunctions.functions where !function.isHidden {
            #expect(fault(function.example) == nil, "\(function.fullName)")
        }
        #expect(fault(LuaDefinitions.text) == nil)
    }
}
