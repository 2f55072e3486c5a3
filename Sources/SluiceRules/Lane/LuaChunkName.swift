/// Names of chunks as Lua shows them: one that is too long loses its beginning.
enum LuaChunkName {
    /// Whether what Lua shows stands for this file.
    static func matches(_ shown: String, _ name: String) -> Bool {
        shown == name || (shown.hasPrefix("...") && name.count > 50 && name.hasSuffix(shown.dropFirst(3)))
    }
}
