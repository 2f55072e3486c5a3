extension Attack {
    static let loops: [Attack] = [
        .time("while", #"while true do end"#),
        .time("goto", #"::again:: goto again"#),
        .time("numeric for", #"for i = 1, 2^53 do end"#),
        .time("numeric for with integers", #"for i = 1, math.maxinteger do end"#),
        .time("repeat", #"repeat until false"#),
        .time("generic for without end", #"for _ in function() return 1 end do end"#),
        .time("tail calls", #"local function f() return f() end f()"#),
        .time("two functions in turn", #"local a, b function a() return b() end function b() return a() end a()"#),
        .time("calls of C functions only", #"while true do rawlen("") end"#),
        .time("next over a table that is refilled", #"local t = {1} while true do for k in next, t do t[k] = k end end"#),
        .time("a comparison of long strings", #"local a, b = ("x"):rep(1e6), ("x"):rep(1e6 - 1) .. "x" while a == b do end"#),
    ]

    static let handlers: [Attack] = [
        .time("loop in pcall", #"pcall(function() while true do end end)"#),
        .time("loop around pcall", #"while true do pcall(function() while true do end end) end"#),
        .time("nested pcall", #"local function f() while true do pcall(f) end end pcall(pcall, pcall, f)"#),
        .time("pcall of pcall", #"while true do pcall(pcall, pcall, pcall, error) end"#),
        .time("xpcall handler that loops", #"xpcall(error, function() while true do end end)"#),
        .time(
            "xpcall handler that loops at the time limit",
            #"xpcall(function() while true do end end, function() while true do end end)"#),
        .time(
            "xpcall handlers that loop, nested",
            #"""
            local function spin() while true do end end
            local function f() xpcall(spin, spin) end
            while true do xpcall(f, f) end
            """#),
        .time("xpcall handler that errors", #"while true do xpcall(error, function(m) error(m) end) end"#),
        .time("xpcall handler that calls pcall", #"xpcall(error, function() while true do pcall(error) end end)"#),
        .time(
            "xpcall with a C function as handler",
            #"while true do xpcall(error, pcall) xpcall(error, error) xpcall(error, xpcall) end"#),
        .time(
            "an error that is thrown again and again",
            #"local function f() local ok, e = pcall(f2) return f() end f2 = function() error({}) end f()"#),
        .time(
            "a closing value",
            #"""
            local t = setmetatable({}, {})
            local m = getmetatable(t)
            m.__close = function() while true do end end
            assert(load("local t = ... local x <close> = t while true do end"))(t)
            """#),
        .time(
            "the closing value of a loop",
            #"""
            local m = {}
            local t = setmetatable({}, m)
            m.__close = function() while true do end end
            for _ in function() return nil end, nil, nil, t do end
            """#),
    ]

    static let metamethods: [Attack] = [
        .time("__index", #"local t = setmetatable({}, {__index = function() while true do end end}) return t.x"#),
        .time("__newindex", #"local t = setmetatable({}, {__newindex = function() while true do end end}) t.x = 1"#),
        .time("__eq", #"local m = {__eq = function() while true do end end} return setmetatable({}, m) == setmetatable({}, m)"#),
        .time("__lt", #"local m = {__lt = function() while true do end end} return setmetatable({}, m) < setmetatable({}, m)"#),
        .time("__le", #"local m = {__le = function() while true do end end} return setmetatable({}, m) <= 1"#),
        .time("__concat", #"return setmetatable({}, {__concat = function() while true do end end}) .. "x""#),
        .time("__len", #"return #setmetatable({}, {__len = function() while true do end end})"#),
        .time("__call", #"setmetatable({}, {__call = function() while true do end end})()"#),
        .time("__tostring", #"tostring(setmetatable({}, {__tostring = function() while true do end end}))"#),
        .time("__tostring by print", #"print(setmetatable({}, {__tostring = function() while true do end end}))"#),
        .time(
            "__tostring by format", #"return ("%s"):format(setmetatable({}, {__tostring = function() while true do end end}))"#),
        .time("__pairs", #"for _ in pairs(setmetatable({}, {__pairs = function() while true do end end})) do end"#),
        .time("__unm", #"return -setmetatable({}, {__unm = function() while true do end end})"#),
        .time("__bnot", #"return ~setmetatable({}, {__bnot = function() while true do end end})"#),
        .time("__idiv", #"return 1 // setmetatable({}, {__idiv = function() while true do end end})"#),
        .time("__index in ipairs", #"for _ in ipairs(setmetatable({}, {__index = function() return 1 end})) do end"#),
        .refused("__gc with the metatable", #"fails(setmetatable, {}, {__gc = function() end})"#),
        .refused("__gc that is false", #"fails(setmetatable, {}, {__gc = false})"#),
        .refused(
            "__gc added later",
            #"""
            local m = {}
            for i = 1, 100 do setmetatable({}, m) end
            m.__gc = function() leaked = true end
            for i = 1, 1e4 do local t = {i} end
            assert(not leaked)
            fails(setmetatable, {}, m)
            """#),
        .refused("__close with the metatable", #"fails(setmetatable, {}, {__close = function() end})"#),
    ]

    static let libraries: [Attack] = [
        .time("table.sort, comparator loops", #"table.sort({3, 2, 1}, function() while true do end end)"#),
        .limit(
            "table.sort, comparator is inconsistent",
            #"""
            local t = {}
            for i = 1, 1000 do t[i] = i end
            while true do table.sort(t, function() return true end) end
            """#),
        .runtime("table.sort, comparator errors", #"table.sort({3, 2, 1}, function() error("no") end)"#),
        .time(
            "table.sort, comparator in C",
            #"local t = {} for i = 1, 1e5 do t[i] = i end while true do table.sort(t, rawequal) end"#),
        .time(
            "table.sort without a comparator", top: #"many = {} for i = 1, 2e5 do many[i] = i * 7919 % 200003 end"#,
            #"""
            while true do table.sort(many) for i = 1, #many, 7 do many[i] = i * 7907 % 200003 end end
            """#),
        .runtime("table.sort, __len lies", #"table.sort(setmetatable({}, {__len = function() return 2^53 | 0 end}))"#),
        .refused("string.rep of nothing", #"assert(("").rep("", 2^60 | 0) == "" and string.rep("", math.maxinteger, "") == "")"#),
        .limit("string.rep of much", #"return ("x"):rep(2^40 | 0)"#),
        .limit("string.rep with separators", #"return (""):rep(2^40 | 0, ",")"#),
        .limit("string.rep beyond any size", #"return ("xx"):rep(math.maxinteger)"#),
        .runtime("table.concat of a huge range", #"return table.concat({}, "", 1, 2^53 | 0)"#),
        .limit(
            "table.concat, __index is a C function", #"return table.concat(setmetatable({}, {__index = type}), "", 1, 999999)"#),
        .time(
            "table.concat, __index encodes", top: #"many = {} for i = 1, 1e4 do many["k" .. i] = i end"#,
            #"""
            setmetatable(many, {__index = json.encode})
            return table.concat(many, "", 1, 999999)
            """#),
        .runtime(
            "table.concat, __len lies", #"return table.concat(setmetatable({}, {__len = function() return math.maxinteger end}))"#
        ),
        .runtime("table.move of a huge range", #"table.move({}, 1, math.maxinteger - 1, 2)"#),
        .runtime("table.unpack of a huge range", #"return table.unpack({}, 1, 1e8)"#),
        .runtime("table.unpack onto the stack", #"return table.unpack({}, 1, 999999)"#),
        .runtime(
            "table.insert, __len lies", #"table.insert(setmetatable({}, {__len = function() return 2^60 | 0 end}), 1, "x")"#),
        .runtime(
            "table.insert, __len lies at its second call",
            #"""
            local n = 0
            local t = setmetatable({}, {__len = function() n = n + 1 return n == 1 and 1 or 2^60 | 0 end})
            table.insert(t, 1, "x")
            table.insert(t, 1, "x")
            """#),
        .runtime(
            "table.remove, __len lies at its second call",
            #"""
            local n = 0
            local t = setmetatable({}, {__len = function() n = n + 1 return n == 1 and 1 or 2^60 | 0 end})
            table.remove(t, 1)
            table.remove(t, 1)
            """#),
        .runtime("string.format widths", #"return ("%999999d"):format(1)"#),
        .limit("string.format in a loop", #"local s = "%99.99f" while true do s = s .. s:format(1e300) end"#),
        .limit("string.pack pads", #"return string.pack("c1000000000", "")"#),
        .limit(
            "string.char of many",
            #"return string.char(table.unpack(setmetatable({}, {__index = function() return 65 end}), 1, 900000))"#),
        .limit("string.byte of much", #"return ("x"):rep(2e6):byte(1, -1)"#),
        .limit("utf8.codepoint of much", #"return utf8.codepoint(("x"):rep(2e6), 1, -1)"#),
        .time("string.upper over and over", #"local s = ("x"):rep(1e6) while true do s:upper() end"#),
        .time(
            "json.encode of a table that multiplies",
            #"""
            local t = {1}
            for i = 1, 60 do t = {t, t, t, t} end
            while true do pcall(json.encode, t) end
            """#),
        .limit(
            "json.encode of a table that multiplies, once",
            #"""
            local t = {("x"):rep(100)}
            for i = 1, 60 do t = {t, t, t, t} end
            json.encode(t)
            """#),
        .runtime("json.encode of a cycle", #"local t = {} t.t = t json.encode(t)"#),
        .refused("json.decode, deep", #"assert(json.decode(("["):rep(1e6)) == nil and json.decode(('{"a":'):rep(1e6)) == nil)"#),
        .limit("json.decode, many", #"while true do kept = {kept, json.decode("[" .. ("[],"):rep(1e5) .. "1]")} end"#),
        .time("host functions in a loop", #"while true do hash.sha256(base64.encode("x")) end"#),
        .runtime("a host function with a huge text", #"hash.sha256(("x"):rep(5e6))"#),
        .runtime("a host function with many arguments", #"ip.contains(table.unpack({}, 1, 500))"#),
    ]

    static let patterns: [Attack] = [
        .limit("optional items", #"while true do (("a"):rep(30)):match(("a?"):rep(30) .. ("a"):rep(30) .. "b") end"#),
        .limit("lazy repeats", #"while true do (("a"):rep(1e4)):find(".-.-.-.-b") end"#),
        .limit("greedy repeats", #"while true do (("a"):rep(1e4)):match("(.*)(.*)(.*)(.*)x") end"#),
        .limit("balanced nests", #"while true do (("("):rep(1e5)):find("%b()") end"#),
        .limit("back references", #"while true do (("ab"):rep(2e3)):match("(.*)(.*)%1%2x") end"#),
        .limit("gmatch", #"for _ in (("a"):rep(1e5)):gmatch(".-.-b") do end while true do end"#),
        .limit("gsub", #"while true do (("a"):rep(1e4)):gsub(".-.-.-b", "") end"#),
        .limit("frontiers", #"while true do (("a b "):rep(1e4)):match("%f[%w].-%f[%W].-%f[%w].-%f[%W].-x$") end"#),
        .time("gsub, the replacement loops", #"("aaa"):gsub("a", function() while true do end end)"#),
        .time(
            "gsub, a table's __index loops", #"("aaa"):gsub("a", setmetatable({}, {__index = function() while true do end end}))"#
        ),
        .limit("gsub, the result grows", #"local s = "a" while true do s = s:gsub(".", "%0%0%0%0") end"#),
        .time(
            "plain find in hostile text", #"local s = ("a"):rep(1e6) while true do s:find(("a"):rep(5e5) .. "b", 1, true) end"#),
        .time("many patterns", #"local i = 0 while true do i = i + 1; ("x"):find("x" .. i .. "[a-z]") end"#),
        .time("field.match", #"while true do pcall(field.match, event, "message", ".-.-.-.-x") end"#),
        .runtime("nested captures", #"return ("x"):match(("("):rep(40) .. "x")"#),
        .runtime("deep pattern", #"return (("x"):rep(1000)):match(("x?"):rep(1000) .. ("x"):rep(1000))"#),
    ]
}
