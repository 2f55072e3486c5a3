/// The Lua side of rule tests: what a file of tests finds as `test`, `run`, `run_all`, `advance` and `expect`.
///
/// Plain Lua in the same sandbox as the tests. It keeps copies of the base functions, so that a test file that overwrites one
/// breaks only itself, and takes the library `testing` away before the file sees it. Events reach Lua as clones, so every
/// type survives: C points `event` at one event after the other and the prelude clones it.
enum RuleTestPrelude {
    /// What the file of tests requires on its first line.
    static let module = "sluice.testing"

    /// Name of the global function that runs the current test.
    static let function = "(test)"

    /// Stands before the first line of a file of tests.
    static let prologue = Array("require \"\(module)\"; ".utf8)

    /// Text of the module.
    static let source = Array((running + expecting + matching + closing).utf8)

    private static let running = #"""
        local host, event_of_lane = testing, nil
        testing = nil
        local error, pcall, type, pairs, ipairs, select = error, pcall, type, pairs, ipairs, select
        local tostring, setmetatable, rawequal, null = tostring, setmetatable, rawequal, null
        local clone, emit, encode, math_type = clone, emit, json.encode, math.type
        local concat, sort, find, match = table.concat, table.sort, string.find, string.match
        local tests, results = {}, setmetatable({}, { __mode = "k" })

        host.reset()

        -- Events and their nested parts can be walked through; times and decisions cannot.
        local function walk(value)
          for _ in pairs(value) do return end
        end

        local function is_tree(value)
          local kind = type(value)
          return kind == "table" or kind == "userdata" and value ~= null and (pcall(walk, value))
        end

        local function kind_of(value)
          if value == null then return "null" end
          if results[value ~= nil and value or 0] then return "the result of `run`" end
          return type(value) == "userdata" and (is_tree(value) and "an event" or "a timestamp") or "a " .. type(value)
        end

        function test(name, body)
          if type(name) ~= "string" or type(body) ~= "function" then
            error("`test` takes a name and a function: test(\"…\", function() … end)", 2)
          end
          tests[host.define(name, select(2, pcall(error, "", 3)))] = body
        end

        local drops = { dropped = true, deduplicated = true, throttled = true, sampled = true }

        local function result_of(summary, index)
          host.show(index)
          summary.event = clone(event_of_lane)
          host.show(0)
          summary.dropped = drops[summary.verdict] == true
          results[summary] = true
          return summary
        end

        -- One result for what a call came to: its own event first, those that rules emitted in lists.
        local function collect(answer)
          local result = { emitted = {}, emitted_results = {}, outputs = {}, dropped = false }
          local list = {}
          for index, summary in ipairs(answer.events) do
            local one = result_of(summary, index)
            if one.is_source then result = one else list[#list + 1] = one end
            one.is_source = nil
          end
          result.emitted, result.emitted_results, result.log = {}, list, answer.log
          for index, one in ipairs(list) do
            one.emitted, one.emitted_results, one.log = {}, {}, {}
            result.emitted[index] = one.event
          end
          if not result.verdict then
            result.verdict = "advanced"
            local seen = {}
            for _, one in ipairs(list) do
              for _, name in ipairs(one.outputs) do
                if not seen[name] then result.outputs[#result.outputs + 1] = name end
                seen[name] = true
              end
            end
            sort(result.outputs)
          end
          if not result.error then result.error, result.error_place = answer.error, answer.error_place end
          results[result] = true
          return result
        end

        local known_options = { format = 1, message_format = 1, input = 1, peer = 1, received = 1, timezone = 1, meta = 1 }

        local function perform(name, input, options, is_whole)
          local text
          if type(input) == "string" then text = input
          elseif is_tree(input) and not results[input] then
            host.check(name)
            local done, reason = pcall(emit, input)
            if not done then error("`" .. name .. "` cannot make an event of this: " .. reason, 0) end
          else error("`" .. name .. "` takes the text of a message or a table of fields, not " .. kind_of(input), 0) end
          options = options == nil and {} or options
          if type(options) ~= "table" then error("options of `" .. name .. "` are a table, not " .. kind_of(options), 0) end
          for key in pairs(options) do
            if not known_options[key] then error(host.unknown(tostring(key), "option of `" .. name .. "`"), 0) end
          end
          if options.meta ~= nil and type(options.meta) ~= "table" then
            error("the option `meta` is a table of names and texts, not " .. kind_of(options.meta), 0)
          end
          for key, value in pairs(options.meta or {}) do host.meta(key, value) end
          return collect(host.run(is_whole, text, options.format, options.message_format, options.input, options.peer,
            options.received, options.timezone))
        end

        function run(input, options)
          local result = perform("run", input, options, false)
          return result
        end

        function run_all(input, options)
          local result = perform("run_all", input, options, true)
          return result
        end

        function advance(duration)
          local result = collect(host.advance(duration))
          return result
        end

        """#

    private static let expecting = #"""
        local reserved = {}
        for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch("%a+") do
          reserved[word] = true
        end

        local function names_of(value)
          local names, is_sorted = {}, type(value) == "table"
          for key in pairs(value) do
            if #names == 1000 then break end
            names[#names + 1] = key
            is_sorted = is_sorted and type(key) == "string"
          end
          if is_sorted then sort(names) end
          return names
        end

        local show

        local function show_members(value, indent, depth)
          local parts, next_index = {}, 1
          for _, key in ipairs(names_of(value)) do
            local text = show(value[key], indent and indent .. "  ", depth + 1)
            if key == next_index then next_index = next_index + 1
            elseif type(key) == "string" and match(key, "^[%a_][%w_]*$") and not reserved[key] then text = key .. " = " .. text
            else text = "[" .. show(key, nil, depth + 1) .. "] = " .. text end
            parts[#parts + 1] = text
          end
          return parts
        end

        -- A value as Lua would have it written; with an indent one member a line.
        function show(value, indent, depth)
          if value == null then return "null" end
          local kind = type(value)
          if kind == "string" then return encode(value) end
          if kind == "number" and value == value and value ~= 1 / 0 and value ~= -1 / 0 then return encode(value) end
          if results[value ~= nil and value or 0] then return "the result of `run`" end
          if not is_tree(value) then
            if kind == "userdata" then return tostring(value) .. " (timestamp)" end
            return kind == "table" and "{}" or kind == "function" and "a function" or tostring(value)
          end
          if depth > 32 then return "{…}" end
          local parts = show_members(value, indent, depth)
          if #parts == 0 then return encode(value) == "[]" and "array{}" or "{}" end
          if indent then return "{\n" .. indent .. "  " .. concat(parts, ",\n" .. indent .. "  ") .. ",\n" .. indent .. "}" end
          return "{ " .. concat(parts, ", ") .. " }"
        end

        local function quoted(names)
          local list = {}
          for index, name in ipairs(names) do list[index] = "`" .. tostring(name) .. "`" end
          sort(list)
          return #list == 0 and "no output" or concat(list, ", ")
        end

        local function member(value, key) return value[key] end

        -- `a` is what came, `b` what was expected: a time may be expected as its text.
        local function same(a, b, depth)
          if depth > 64 then error("a value nested deeper than 64 levels cannot be compared", 0) end
          if type(a) == "number" and type(b) == "number" then
            return math_type(a) == math_type(b) and (a == b or a ~= a and b ~= b)
          end
          if not (is_tree(a) and is_tree(b)) then
            if type(b) == "string" and type(a) == "userdata" and a ~= null and not is_tree(a) then return tostring(a) == b end
            return a == b
          end
          local count, is_empty = 0, true
          for key, value in pairs(a) do
            is_empty = false
            local found, other = pcall(member, b, key)
            if not found or other == nil or not same(value, other, depth + 1) then return false end
            count = count + 1
          end
          for _ in pairs(b) do count = count - 1 end
          if count ~= 0 then return false end
          return not is_empty or encode(b) == "{}" or encode(a) == encode(b)
        end

        -- What became of the event of a result, as a sentence.
        local function fate(result)
          local verdict, by = result.verdict, result.rule and " by `" .. result.rule .. "`" or ""
          local also = #result.outputs > 0 and verdict ~= "routed" and " (also to " .. quoted(result.outputs) .. ")" or ""
          if result.error then
            return "it failed: " .. (result.error_place and result.error_place .. ": " or "") .. result.error
          end
          if verdict == "routed" then return "it was routed to " .. quoted(result.outputs) .. by end
          if verdict == "passed" then return "it passed, no rule decided" .. also end
          if verdict == "advanced" then return "time went on" end
          return "it was " .. verdict .. by .. also
        end

        """#
}
