extension Attack {
    static let events: [Attack] = [
        .runtime("emits over the limit", #"for i = 1, 1001 do emit({n = 2}) end"#),
        .time("emits over the limit in pcall", #"while true do pcall(emit, {n = 2}) end"#),
        .runtime("emits that fail half way", #"emit({n = 2}) pcall(emit, {a = "x", b = print}) emit({a = 1, b = print})"#),
        .limit("emit of a table that multiplies", #"local t = {1} for i = 1, 60 do t = {t, t} end emit({t = t})"#),
        .limit("emit of too many fields", #"local t = {} for i = 1, 70000 do t["emitted field " .. i] = 1 end emit(t)"#),
        .runtime("a field of 100 MB", #"local t = {} for i = 1, 100 do t[i] = ("x"):rep(50000) end event.x = table.concat(t)"#),
        .limit("a large field again and again", #"local s = ("x"):rep(3e6) while true do event.x = s end"#),
        .limit("a nested write again and again", #"event.u = {s = ("x"):rep(2e6)} while true do event.u.n = 1 end"#),
        .limit(
            "a field that is upper-cased again and again",
            #"event.s = ("x"):rep(3e6) while true do field.upper(event, "s") field.lower(event, "s") end"#),
        .limit("many fields", #"for i = 1, 1e6 do event["a field number " .. i] = i end"#),
        .limit(
            "many fields with names too long for the table", #"local s = ("x"):rep(300) for i = 1, 1e6 do event[s .. i] = i end"#),
        .limit("a name of a field that is huge", #"event[("x"):rep(5e6)] = ("y"):rep(5e6)"#),
        .runtime("a value nested too deep", #"local t = {} for i = 1, 70 do t = {t = t} end event.x = t"#),
        .runtime("a value that holds itself", #"local t = {} t[1] = t event.x = t"#),
        .runtime("a value that holds itself through another", #"local a, b = {}, {} a.b = b b.a = a event.user.x = a"#),
        .runtime("a function as value", #"event.x = print"#),
        .runtime("NaN as value", #"event.x = 0/0"#),
        .runtime("an infinite number as value", #"event.x = {math.huge}"#),
        .runtime("an array with a hole", #"event.x = {1, nil, 3}"#),
        .limit(
            "a nested value that deepens itself",
            #"""
            local t = {} for i = 1, 60 do t = {t = t} end
            event.x = t
            local at = event.x
            for i = 1, 5000 do while at.t and at.t.t do at = at.t end at.t = t end
            """#),
        .runtime("an event as its own field", #"event.self = event"#),
        .limit(
            "iteration that writes",
            #"for k, v in pairs(event) do event[k] = nil event[k .. "x"] = v end while true do for k in pairs(event) do event[k] = 1 end end"#
        ),
        .runtime("a nested value of what was replaced", #"local u = event.user event.user = 1 return u.name"#),
        .runtime(
            "a nested value of a clone that is gone",
            #"""
            local u do local c = clone(event) u = c.user end
            for i = 1, 1e5 do local t = {i} end
            assert(u.name == "root")
            local ok, e = pcall(error) error("done")
            """#),
        .runtime("`event` at another event", top: #"kept = nil"#, #"kept = event error("kept")"#),
        .runtime("a timer while it runs", #"every("1s", print)"#),
        .runtime("a decision that is none", #"return {{}}"#),
        .runtime("an output that is unknown", #"return "no" .. "where""#),
        .runtime("many outputs", #"local t = {} for i = 1, 1e5 do t[i] = "a" end t[#t + 1] = "z" .. "z" return t"#),
        .runtime(
            "time arithmetic at its ends",
            #"local t = time.parse("2262-04-11T23:47:16Z") + 0 assert((t - time.parse("1678-01-01T00:00:00Z")) > 1e10) return t + 9e9"#
        ),
        .runtime("a severity out of range", #"event.severity_code = 2^31 | 0"#),
        .runtime("meta that is no string", #"meta.x = {}"#),
        .runtime("meta that is read-only", #"meta.raw = "x""#),
    ]

    static let escapes: [Attack] = [
        .refused(
            "what is not there",
            #"""
            for _, name in ipairs{"io", "package", "debug", "coroutine", "collectgarbage", "dofile", "loadfile", "loadstring", "newproxy", "module", "getfenv", "setfenv"} do
              assert(_G[name] == nil, name)
            end
            for _, name in ipairs{"execute", "getenv", "exit", "remove", "rename", "tmpname", "setlocale"} do assert(os[name] == nil, name) end
            assert(string.dump == nil and ("").dump == nil)
            """#),
        .refused(
            "metatables of our values",
            #"""
            assert(getmetatable("") == false and getmetatable(event) == false and getmetatable(meta) == false)
            assert(getmetatable(null) == false and getmetatable(array{}) == false and getmetatable(object{}) == false)
            assert(getmetatable(event.user) == false and getmetatable(clone(event)) == false and getmetatable(time.now()) == false)
            assert(getmetatable(drop) == false and getmetatable(pass) == false)
            """#),
        .refused(
            "setting metatables of our values",
            #"""
            for _, v in ipairs{event, meta, event.user, "", drop, time.now()} do fails(setmetatable, v, {}) end
            fails(setmetatable, array{}, {})
            """#),
        .refused(
            "raw access to our values",
            #"""
            for _, v in ipairs{event, meta, event.user, "x", drop, time.now()} do
              fails(rawset, v, "a", 1) fails(rawget, v, "a") fails(next, v)
            end
            """#),
        .refused(
            "the string metatable",
            #"fails(function() getmetatable("").__index = nil end) fails(rawset, getmetatable(""), "__index", {})"#),
        .refused(
            "string methods after the library was changed",
            #"string.upper = nil string.evil = 1 assert(("x"):upper() == "X" and ("x").evil == nil)"#),
        .refused(
            "a metatable for the globals",
            #"setmetatable(_G, {__index = function(_, k) return k end}) assert(anything == "anything")"#),
        .refused(
            "require while it runs",
            #"fails(require, "x") fails(require, "../x") fails(require, "/etc/passwd") fails(require, "")"#),
        .refused(
            "require of what is no name",
            top: #"""
                for _, name in ipairs{"../x", "/etc/passwd", "..", "a..b", "a/b", "a\0b", "", ".", "x.", ("x"):rep(1e5), "%s%n"} do
                  assert(not pcall(require, name), name)
                end
                """#, #"assert(true)"#),
        .refused(
            "library functions as methods of the wrong thing",
            #"""
            for _, f in ipairs{emit, clone, field.has, field.upper, field.match, json.encode} do
              for _, v in ipairs{1, "x", print, meta, drop, time.now()} do if f ~= json.encode then fails(f, v, v, v) end end
            end
            fails(json.encode, print) fails(field.has, event, 1, "x") fails(also, {}) fails(also) fails(also, "nowhere" .. "x")
            """#),
        .refused(
            "iterators of the wrong thing",
            #"""
            local f = pairs(event)
            f() fails(function() for i = 1, 100 do f(nil, {}) error() end end)
            local g = pairs(event.user) g() g(1, 2, 3)
            assert(g() == nil)
            """#),
        .refused(
            "environment of a function", #"local function f() return _ENV end assert(f() == _G) local _ENV = {} assert_ = 1"#),
        .refused(
            "names of methods",
            #"fails(function() return event.__index.x end) assert(event.__index == nil and event.__gc == nil and event.__metatable == nil)"#
        ),
        .refused(
            "select, tonumber and friends at their ends",
            #"""
            fails(select, 0) fails(select, math.mininteger, 1) fails(tonumber, "1", 99) fails(string.rep) fails(utf8.char, -1)
            fails(string.format, "%", 1) fails(string.format, "%y", 1) fails(string.unpack, "s8", "\255\255\255\255\255\255\255\127")
            fails(string.unpack, "c99999999999", "x") fails(math.random, 0, -1) fails(table.concat, {{}}) fails(utf8.codepoint, "\255")
            """#),
    ]
}
