extension RuleTestPrelude {
    /// The expectations. Each takes the value and what the test gave, and answers whether it holds, what was expected (`to be
    /// dropped`), what came instead, and for values that are compared both as text.
    static let matching = #"""
        local matchers = {}

        local function need_result(value, name)
          if not results[value ~= nil and value or 0] then
            error("`" .. name .. "` takes what `run`, `run_all` or `advance` answered, not " .. kind_of(value), 0)
          end
        end

        local function verdict_matcher(name, verdicts, phrase)
          matchers[name] = function(result)
            need_result(result, name)
            return verdicts[result.verdict] == true, "the event " .. phrase, fate(result)
          end
        end

        verdict_matcher("dropped", drops, "to be dropped")
        verdict_matcher("passed", { passed = true }, "to pass")
        verdict_matcher("defaulted", { passed = true }, "to go to the default outputs")
        verdict_matcher("deduplicated", { deduplicated = true }, "to be dropped as a repeat (`dedup`)")
        verdict_matcher("throttled", { throttled = true }, "to be dropped as one too many (`throttle`)")
        verdict_matcher("sampled", { sampled = true }, "to be dropped by `sample`")

        function matchers.routed_to(result, ...)
          need_result(result, "routed_to")
          local names = { ... }
          if #names == 1 and type(names[1]) == "table" then names = names[1] end
          if #names == 0 then error("`routed_to` takes names of outputs: expect(result).routed_to(\"archive\")", 0) end
          for _, name in ipairs(names) do
            if type(name) ~= "string" then error("`routed_to` takes names of outputs, not " .. kind_of(name), 0) end
          end
          local expected, got = quoted(names), quoted(result.outputs)
          return expected == got, "the event to be routed to " .. expected, fate(result)
        end

        function matchers.failed(result, part)
          need_result(result, "failed")
          local holds = result.error ~= nil and (part == nil or find(result.error, part, 1, true) ~= nil)
          return holds, part and "a failure with the words " .. show(part, nil, 0) or "a failure", fate(result)
        end

        function matchers.emitted(result, count)
          need_result(result, "emitted")
          local given = #result.emitted
          local holds = count == nil and given > 0 or count == given
          local what = count == nil and "emitted events" or count .. " emitted event" .. (count == 1 and "" or "s")
          return holds, what, given == 0 and "there was none" or given == 1 and "there was 1" or "there were " .. given
        end

        function matchers.equals(value, expected)
          local text, other = show(expected, nil, 0), show(value, nil, 0)
          if #text > 60 or #other > 60 then
            return same(value, expected, 0), "an equal value", "it differs", show(expected, "", 0), show(value, "", 0)
          end
          return same(value, expected, 0), text, "it is " .. other, text, other
        end

        local function value_matcher(name, phrase, holds)
          matchers[name] = function(value, ...)
            return holds(value, ...), phrase(...), "it is " .. show(value, nil, 0)
          end
        end

        local function plain(phrase) return function() return phrase end end
        local function with(phrase) return function(argument) return phrase .. show(argument, nil, 0) end end

        value_matcher("is_absent", plain("no value"), function(value) return value == nil end)
        value_matcher("is_present", plain("a value"), function(value) return value ~= nil end)
        value_matcher("is_null", plain("`null`"), function(value) return value == null end)
        value_matcher("is_true", plain("true"), function(value) return value == true end)
        value_matcher("is_false", plain("false"), function(value) return value == false end)
        value_matcher("is_above", with("more than "), function(value, limit) return value > limit end)
        value_matcher("is_below", with("less than "), function(value, limit) return value < limit end)

        value_matcher("is_a", with("a value of the kind "), function(value, kind)
          if kind == "integer" or kind == "float" then return math_type(value) == kind end
          if kind == "timestamp" or kind == "null" then return kind_of(value) == (kind == "null" and "null" or "a timestamp") end
          return value ~= null and type(value) == kind
        end)

        value_matcher("matches", with("text that matches "), function(value, pattern)
          return value ~= nil and not is_tree(value) and find(tostring(value), pattern) ~= nil
        end)

        value_matcher("contains", with("something that contains "), function(value, part)
          if type(value) == "string" then return find(value, part, 1, true) ~= nil end
          if not is_tree(value) then return false end
          for _, one in pairs(value) do
            if same(one, part, 0) then return true end
          end
          return false
        end)

        function matchers.raises(body, part)
          if type(body) ~= "function" then error("`raises` takes a function: expect(function() … end).raises()", 0) end
          local done, reason = pcall(body)
          local holds = not done and (part == nil or find(tostring(reason), part, 1, true) ~= nil)
          return holds, part and "an error with the words " .. show(part, nil, 0) or "an error",
            done and "there was none" or "it says " .. show(tostring(reason), nil, 0)
        end

        """#

    /// `expect` itself, and the function that runs a test.
    static let closing = #"""
        local expectation

        local function apply(matcher, name, is_negated, value, ...)
          local holds, what, instead, expected, got = matcher(value, ...)
          if holds ~= is_negated then return end
          local message = is_negated and "did not expect " .. what or "expected " .. what
          if not (is_negated and expected) then message = message .. ", but " .. instead end
          if is_negated then expected, got = nil, nil end
          host.fail(name, message, expected, got)
          error(message, 0)
        end

        function expectation(value, is_negated)
          local self = {}
          return setmetatable(self, { __metatable = false, __index = function(_, name)
            if name == "never" or name == "not_" then return expectation(value, not is_negated) end
            local matcher, negates = matchers[name], is_negated
            if not matcher and type(name) == "string" then
              local bare = match(name, "^not_(.+)$") or match(name, "^never_(.+)$")
              if bare and matchers[bare] then matcher, negates, name = matchers[bare], not negates, bare end
            end
            if not matcher then error(host.unknown(tostring(name), "expectation", concat(names_of(matchers), " ")), 0) end
            return function(first, ...)
              if rawequal(first, self) then apply(matcher, name, negates, value, ...)
              elseif first == nil and select("#", ...) == 0 then apply(matcher, name, negates, value)
              else apply(matcher, name, negates, value, first, ...) end
              return self
            end
          end })
        end

        function expect(...)
          if select("#", ...) == 0 then error("`expect` takes a value: expect(result).dropped()", 0) end
          local one = expectation((...), false)
          return one
        end

        _ENV["(test)"] = function(event)
          event_of_lane = event
          tests[host.current()]()
        end
        """#
}
