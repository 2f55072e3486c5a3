extension Attack {
    static let chunks: [Attack] = [
        .refused(
            "load, deep nesting",
            #"""
            for _, open in ipairs{"(", "{", "function() ", "do ", "if x then ", "- ", "not ", "a[", "a{", "a..", "a^"} do
              assert(not load("x = " .. open:rep(5e4)))
              assert(not load(open:rep(5e4)))
            end
            """#),
        .limit("load, a huge table", #"while true do kept = {kept, assert(load("return {" .. ("1,"):rep(3e5) .. "}"))()} end"#),
        .time(
            "load, many labels",
            #"""
            local parts = {}
            for i = 1, 32000 do parts[i] = "::l" .. i .. "::" end
            local text = "do " .. table.concat(parts) .. " end "
            while true do load(text:rep(2)) end
            """#),
        .time(
            "load, names through many functions",
            #"""
            local text = ("local a,b,c,d,e,f,g,h return function() "):rep(150) .. ("x=y "):rep(1e5)
            while true do load(text) end
            """#),
        .refused("load, too long a text", #"fails(load, ("x=1 "):rep(3e5))"#),
        .refused(
            "load of bytecode",
            #"assert(not load("\27Lua\x54\0\x19\x93\r\n\x1a\n")) assert(not load(string.char(27) .. "Lua", "x", "b"))"#),
        .refused(
            "load of bytecode by a function",
            #"local n = 0 assert(not load(function() n = n + 1 return n == 1 and "\27" or n == 2 and "Lua" or nil end, "x", "bt"))"#
        ),
        .time("load, a reader without end", #"load(function() while true do end end)"#),
        .limit("load, a reader that always has more", #"while true do pcall(load, function() return "x=1 " end) end"#),
        .refused(
            "load with another environment",
            #"""
            local env = {}
            assert(load("x = 1 y = _G z = _ENV", "c", "t", env))()
            assert(env.x == 1 and env.y == nil and env.z == env)
            assert(load("return string", "c", "t", {})() == nil)
            assert(load("return _ENV")() == _G)
            """#),
        .refused(
            "load reaches no other globals",
            #"assert(load("return _G")() == _G and load("return io or os.execute or debug or package")() == nil)"#),
    ]

    static let recursions: [Attack] = [
        .limit("recursion", #"local function f() return 1 + f() end f()"#),
        .limit(
            "recursion with many locals",
            #"local function f(...) local a, b, c, d, e = ... return f(a, b, c, d, e, ...) + 1 end f(1)"#),
        .limit("recursion in pcall", #"local function f() return 1 + #{pcall(f)} end while true do f() end"#),
        .limit("recursion in xpcall", #"local function f() xpcall(f, f) return 1 end while true do f() end"#),
        .limit("recursion through gsub", #"local function f() return (("x"):gsub("x", f)) end while true do pcall(f) end"#),
        .limit("recursion through sort", #"local function f() table.sort({2, 1}, f) end while true do pcall(f) end"#),
        .limit(
            "recursion through tostring",
            #"local t = setmetatable({}, {}) getmetatable(t).__tostring = function() return tostring(t) end while true do pcall(tostring, t) end"#
        ),
        .limit("recursion through load", #"local function f() return load(f) end while true do pcall(f) end"#),
        .limit(
            "a chain of __index tables",
            #"local t = {} for i = 1, 3000 do t = setmetatable({}, {__index = t}) end while true do pcall(function() return t.x end) end"#
        ),
        .runtime(
            "a cycle of __index tables",
            #"local a, b = {}, {} setmetatable(a, {__index = b}) setmetatable(b, {__index = a}) return a.x"#),
        .runtime(
            "a cycle of __newindex tables",
            #"local a, b = {}, {} setmetatable(a, {__newindex = b}) setmetatable(b, {__newindex = a}) a.x = 1"#),
        .limit(
            "recursion through __index",
            #"local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return t.x"#),
        .limit(
            "recursion through __concat",
            #"local m = {} m.__concat = function(a, b) return a .. b end while true do pcall(function() return setmetatable({}, m) .. 1 end) end"#
        ),
        .limit(
            "recursion in an error handler",
            #"xpcall(error, function() local function f() return 1 + f() end f() end) error("after")"#),
    ]

    static let allocations: [Attack] = [
        .limit("tables", #"local t = {} for i = 1, 1e9 do t[i] = {i} end"#),
        .limit("tables in pcall", #"local t = {} while true do pcall(function() for i = 1, 1e9 do t[#t + 1] = {} end end) end"#),
        .limit("a doubled string", #"local s = "x" while true do s = s .. s end"#),
        .limit("a doubled string in pcall", #"local s = "x" while true do pcall(function() s = s .. s end) end"#),
        .limit("many strings", #"local t = {} for i = 1, 1e9 do t[i] = "string " .. i end"#),
        .limit("closures", #"local t for i = 1, 1e9 do local u = t t = function() return u end end"#),
        .limit("coroutine-free garbage", #"while true do local t = {{}, {}, {}} end"#),
        .limit("varargs", #"local function f(...) return f(1, ...) end f()"#),
        .limit("a large table constructor", #"local t = {} while true do t = {t, t, t, table.unpack({}, 1, 200)} end"#),
        .limit("clones that are kept", #"local t = {} for i = 1, 1e9 do t[i] = clone(event) end"#),
        .limit("clones that are not kept", #"event.message = ("x"):rep(1e5) while true do local c = clone(event) end"#),
        .limit(
            "clones of clones",
            #"local c = clone(event) c.more = ("x"):rep(1e4) while true do local d = clone(c) d.next = ("y"):rep(#d.more) d.more = d.more .. d.next c = d end"#
        ),
        .limit("a clone that grows", #"local c = clone(event) for i = 1, 1e9 do c["f" .. i] = ("x"):rep(1000) end"#),
        .limit(
            "handles on nested values", #"local t = {} while true do for _, v in ipairs(event.deep) do t[#t + 1] = v end end"#),
        .runtime(
            "more handles than there are", top: #"wide = {} for i = 1, 5000 do wide[i] = {} end"#,
            #"event.wide = wide local t = {} for i = 1, 5000 do t[i] = event.wide[i] end"#),
        .limit("memory that stays", top: #"hoard = {}"#, #"for i = 1, 1e9 do hoard[i] = ("x"):rep(1000) .. i end"#),
        .limit("memory that stays in state", #"for i = 1, 1e9 do state[i] = ("x"):rep(1000) .. i end"#),
        .limit("patterns that are kept", #"local t = {} for i = 1, 1e9 do t[i] = ("x"):gmatch(("[a-z]x?"):rep(100) .. i) end"#),
        .limit("print in a loop", #"while true do print(("x"):rep(1000)) end"#),
    ]

    static let errors: [Attack] = [
        .runtime("an error that is a table", #"error({code = 1})"#),
        .runtime("an error that is nil", #"error()"#),
        .runtime("an error that is empty", #"error("", 0)"#),
        .runtime("an error that is a function", #"error(print)"#),
        .runtime("an error that is the event", #"error(event)"#),
        .runtime("an error that is `null`", #"error(null)"#),
        .runtime("an error with a level", #"local function f() error("x", 3) end f()"#),
        .runtime("an error with a huge level", #"error("x", 1e9 | 0)"#),
        .runtime("an error with a huge text", #"error(("x"):rep(1e6))"#),
        .runtime("an error with zeros and controls", #"error("a\0b\27[31m\r\n")"#),
        .time(
            "an error with __tostring that loops", #"error(setmetatable({}, {__tostring = function() while true do end end}))"#),
        .runtime(
            "an error with __tostring that errors", #"error(setmetatable({}, {__tostring = function() error("again") end}))"#),
        .runtime(
            "an error with __tostring that answers a table", #"error(setmetatable({}, {__tostring = function() return {} end}))"#),
        .limit(
            "an error with __tostring that recurses",
            #"local t = {} setmetatable(t, {__tostring = function() return tostring(t) end}) error(t)"#),
        .limit(
            "an error with __tostring that allocates",
            #"error(setmetatable({}, {__tostring = function() return ("x"):rep(1e9 | 0) end}))"#),
        .runtime("an error with a lying __name", #"error(setmetatable({}, {__name = ("x"):rep(1e6)}))"#),
        .runtime("assert with a table", #"assert(false, {})"#),
        .runtime("assert without a message", #"assert(false)"#),
    ]
}
