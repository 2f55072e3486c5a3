/// Rules that go through every part of the binding, for tests that make each allocation of them fail in turn.
enum PressureRules {
    /// Fields, nested values, clones, events, patterns, libraries, host functions, errors.
    static let sluice = #"""
        local tick, seen, large = 0, {}, {}
        for i = 1, 40 do large["member " .. i] = {i, tostring(i), {deep = i}} end
        every("1s", function() tick = tick + 1 emit({tick = tick, text = ("t"):rep(tick), list = {tick, "x"}}) end)
        local function nested(event)
          event.user.name = event.user.name .. "!"
          event.user.more = {a = {1, 2, {b = "c"}}, t = event.timestamp, n = null, e = array{}}
          event.user.more.a[4] = "appended to " .. #event.user.more.a
          event.user.more.a[1] = nil or {("long "):rep(20)}
          event.user["name " .. event.n] = event.n
          for key, value in pairs(event.user) do seen[key] = tostring(value) end
          for i, item in ipairs(event.tags) do seen[i] = type(item) == "userdata" and tostring(item) or item end
          event.user.id = nil
          event.copy = event.user.more
          event.user = nil
        end
        local function texts(event)
          local message = event.message
          event.upper = message:upper():rep(3, "-")
          event.parts = {message:match("(%w+) (%w+)")}
          event.swapped = message:gsub("(%w+) (%w+)", "%2 %1"):gsub("%d+", {["1"] = "one"}):gsub("o", function(o) return o .. event.n end)
          for word in message:gmatch("%a+") do event["word " .. word] = #word end
          event.found = field.match(event, "message", "w%w+") or field.has(event, "escaped", "\n")
          field.upper(event, "message") field.replace(event, "message", "O", "0") field.trim(event, "upper")
          event.sorted = (function() local t = {} for k in pairs(large) do t[#t + 1] = k end table.sort(t) return t end)()
          event.text = ("%s %d %5.2f %q"):format(event.timestamp, event.n, 1.5, "x") .. event.timestamp
        end
        local function values(event)
          event.large = json.decode(json.encode(large))
          event.array, event.object = array{1, 2}, object{}
          event.null, event.float, event.time = null, 0.5, time.parse("2026-01-01T00:00:00Z")
          event.digest = hash.sha256(base64.encode(event.message))
          event.row = csv.encode({"a", "b c", 1}) or ""
          event.query = url.parse_query("a=1&b=two") or kv.parse("a=1 b=two")
          event.timestamp = event.timestamp + 1.5
          event.severity, event.facility_code = "error", 3
          event[("unlisted "):rep(40)] = {event.n}
          event[("unlisted "):rep(40)] = nil
        end
        local function events(event, meta)
          local copy = clone(event)
          copy.extra, copy.message = ("x"):rep(3000), nil
          copy.tags[3] = {copy.n}
          for key in pairs(copy) do seen[key] = true end
          state.last, state.count = copy.message, (state.count or 0) + 1
          meta.index = "index " .. event.n
          seen.meta = meta.input .. tostring(meta.received) .. tostring(meta.flags)
          emit({a = 1, nested = {b = {event.n}}, [("long name "):rep(30)] = "x", timestamp = event.timestamp})
          emit(copy, "a", "b")
          emit(clone(copy))
          also("b")
          print("event", event.n, event, copy.tags)
        end
        local function failures(event)
          assert(not pcall(error, setmetatable({}, {__tostring = function() return "an error" end})))
          assert(not pcall(function() event.x = {print} end))
          assert(not pcall(emit, {ok = 1, bad = print}))
          assert(not select(2, xpcall(error, function(e) return e end)))
          assert(not load("x ="))
          event.loaded = load("local a, b = ... return {a, b, (a .. b):rep(2)}")("x", event.n)
        end
        function process(event, meta)
          local deep = event.tags[2]
          nested(event) texts(event) values(event) events(event, meta) failures(event)
          if event.n == 3 then event.changed = true error({code = deep}) end
          if event.n == 4 then return drop end
          if event.n == 5 then return {"a", "b"} end
        end
        function shutdown() emit({last = tick, seen = seen}) end
        """#

    /// The same for a script of Fluent Bit.
    static let fluentBit = #"""
        function process(tag, timestamp, record)
          record.message = string.format("%s %d", record.message, 2.0) .. tag
          record.user.more = {1, 2, {x = record.n}}
          record.tags[#record.tags + 1] = "added"
          record.n = nil
          record[17] = FLB_ENV and "environment"
          local second = {text = ("x"):rep(100), list = record.tags, [("long name "):rep(30)] = 1.5}
          return 1, timestamp + 1, {record, second, {n = 1}}
        end
        """#
}
