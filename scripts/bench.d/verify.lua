-- Checks Sluice's outputs event by event and field by field against stock Lua.
--
-- usage: lua5.4 verify.lua w1|w2|w3|w5 INPUT NOW LOST NAME=OUTPUT...
--
-- Nothing of Sluice takes part: the input is parsed here with Lua patterns, the rule of the workload (rules/w2.lua,
-- rules/w3.lua) runs on plain tables, and the JSON that Sluice wrote is read by the small reader below. NOW, in Unix
-- seconds, settles the year of RFC 3164 times; zones are UTC. Order counts, within each output. LOST events of the input may be missing.

local workload, input, now, lost = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local here = arg[0]:match("^(.*/)") or "./"

-- JSON reader: values only, `null` is this marker, arrays are tables marked so that [] is not {}.
local null = setmetatable({}, { __tostring = function() return "null" end })
local Array = {}
local escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function unescape(text)
  text = text:gsub("\\u(d[89ab]%x%x)\\u(d[c-f]%x%x)", function(high, low)
    return utf8.char(0x10000 + (tonumber(high, 16) - 0xd800) * 0x400 + tonumber(low, 16) - 0xdc00)
  end)
  return (text:gsub("\\(u?)(.)", function(u, letter) return u == "" and escapes[letter] or nil end)
    :gsub("\\u(%x%x%x%x)", function(hex) return utf8.char(tonumber(hex, 16)) end))
end

local readValue

local function readString(text, at)
  local stop = text:find('"', at + 1, true)
  while true do
    local slashes = text:sub(at + 1, stop - 1):match("\\*$")
    if #slashes % 2 == 0 then break end
    stop = text:find('"', stop + 1, true)
  end
  local value = text:sub(at + 1, stop - 1)
  if value:find("\\", 1, true) then value = unescape(value) end
  return value, stop + 1
end

local function readMembers(text, at, object)
  local result = object and {} or setmetatable({}, Array)
  at = text:find("%S", at + 1)
  if text:find("^[%]}]", at) then return result, at + 1 end
  while true do
    local key
    if object then
      key, at = readString(text, at)
      at = text:match("^%s*:%s*()", at)
      assert(result[key] == nil, "a key twice")
    else
      key = #result + 1
    end
    result[key], at = readValue(text, at)
    local separator, after = text:match("^%s*([,%]}])%s*()", at)
    assert(separator, "neither a comma nor a bracket")
    if separator ~= "," then return result, after end
    at = after
  end
end

function readValue(text, at)
  local first = text:sub(at, at)
  if first == '"' then return readString(text, at) end
  if first == "{" then return readMembers(text, at, true) end
  if first == "[" then return readMembers(text, at, false) end
  local word, after = text:match("^([%w+.-]+)()", at)
  if word == "true" then return true, after end
  if word == "false" then return false, after end
  if word == "null" then return null, after end
  return assert(tonumber(word), "not a value"), after
end

-- One line of JSON as a table; an error when it is anything else.
local function readObject(line)
  assert(line:sub(1, 1) == "{", "not an object")
  local value, after = readValue(line, 1)
  assert(not line:find("%S", after), "text after the object")
  return value
end

-- Independent parsers of the inputs.
local facilities = { [0] = "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
  "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7" }
local severities = { [0] = "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" }
local months = {}
for name in ("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"):gmatch("%a+") do
  months[#months + 1] = name
  months[name] = #months
end

-- Days from 1970-01-01 in the Gregorian calendar.
local function daysOf(year, month, day)
  local y = month <= 2 and year - 1 or year
  local dayOfYear = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  return 365 * y + y // 4 - y // 100 + y // 400 + dayOfYear - 719468
end

-- The latest year that does not put the time more than a day after NOW.
local function yearOf(month, day, clock)
  local year = tonumber(os.date("!%Y", now)) + 1
  local hour, minute, second = clock:match("(%d+):(%d+):(%d+)")
  local seconds = hour * 3600 + minute * 60 + second
  while daysOf(year, month, day) * 86400 + seconds > now + 86400 do year = year - 1 end
  return year
end

local function parseSyslog(line)
  local priority, monthName, day, clock, hostname, rest = line:match("^<(%d+)>(%a%a%a) ([ %d]%d) (%d%d:%d%d:%d%d) (%S+) (.*)$")
  local tag, message = rest:match("^([^:]+): (.*)$")
  local appname, procid = tag:match("^(.*)%[(%d+)%]$")
  local month = months[monthName]
  priority = tonumber(priority)
  return {
    timestamp = ("%04d-%02d-%02dT%sZ"):format(yearOf(month, tonumber(day), clock), month, tonumber(day), clock),
    hostname = hostname, appname = appname or tag, procid = procid, message = message,
    facility_code = priority // 8, severity_code = priority % 8,
    facility = facilities[priority // 8], severity = severities[priority % 8],
  }
end

local function parseAccess(line)
  local address, ident, user, time, request, status, bytes, rest =
    line:match('^(%S+) (%S+) (%S+) %[([^%]]+)%] "([^"]*)" (%d+) (%S+)(.*)$')
  local referer, agent = rest:match('^ "(.-)" "(.*)"$')
  local day, monthName, year, clock = time:match("^(%d+)/(%a+)/(%d+):(%S+) %+0000$")
  local method, path, protocol = request:match("^(%u+) (%S+) (HTTP/[%d.]+)$")
  local function known(text) if text ~= "-" then return text end end
  return {
    remote_addr = address, ident = known(ident), remote_user = known(user),
    timestamp = ("%s-%02d-%sT%sZ"):format(year, months[monthName], day, clock),
    request = request, method = method, path = path, protocol = protocol,
    status = tonumber(status), bytes = tonumber(bytes), referer = known(referer), user_agent = known(agent),
  }
end

-- Whole values; integers and floats are different.
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b and math.type(a) == math.type(b) end
  if a == null or b == null or getmetatable(a) ~= getmetatable(b) then return a == b end
  for key, value in pairs(a) do if not same(value, b[key]) then return false end end
  for key in pairs(b) do if a[key] == nil then return false end end
  return true
end

local function show(value)
  if type(value) ~= "table" or value == null then return type(value) == "string" and ("%q"):format(value) or tostring(value) end
  local parts = {}
  for key, member in pairs(value) do parts[#parts + 1] = key .. "=" .. show(member) end
  table.sort(parts)
  return "{" .. table.concat(parts, ", ") .. "}"
end

local outputs = {}
for i = 5, #arg do
  local name, path = arg[i]:match("^(%w+)=(.*)$")
  local file = assert(io.open(path, "rb"))
  outputs[name] = { path = path, file = file, written = file:read("L"), count = 1 }
end

local parse = { w1 = parseSyslog, w2 = parseSyslog, w3 = readObject, w5 = parseAccess }
local rule = function() end
if workload == "w2" or workload == "w3" then
  drop = {}
  dofile(here .. "rules/" .. workload .. ".lua")
  rule = process
end

local function fail(output, line, message)
  io.stderr:write(("verify: %s: line %d of `%s` is wrong\n%s\n"):format(workload, output.count, output.path, message))
  if line then io.stderr:write("  input     ", line, "\n") end
  os.exit(1)
end

-- The object in the line that comes next in an output.
local function readNext(output, line)
  local written = output.written
  if not written then fail(output, line, "  the output ends here") end
  if written:sub(-1) ~= "\n" then fail(output, line, "  no line end") end
  local ok, found = pcall(readObject, written)
  if not ok then fail(output, line, "  not JSON (" .. tostring(found) .. "): " .. written) end
  -- A zero offset keeps its spelling, and access logs write it as +0000.
  if workload == "w5" and found.timestamp then found.timestamp = found.timestamp:gsub("%+00:00$", "Z") end
  return found
end

local compared = 0
for line in io.lines(input) do
  local event = parse[workload](line)
  local route = rule(event)
  if route ~= drop or not route then
    local output = outputs[route or "stdout"]
    event.facility_code, event.severity_code = nil, nil
    if lost > 0 and not output.written then
      lost = lost - 1
    else
      output.found = output.found or readNext(output, line)
      if same(event, output.found) then
        output.written, output.found = output.file:read("L"), nil
        output.count = output.count + 1
        compared = compared + 1
      elseif lost > 0 then
        lost = lost - 1
      else
        fail(output, line, "  expected  " .. show(event) .. "\n  found     " .. show(output.found))
      end
    end
  end
end
for _, output in pairs(outputs) do
  if output.written then fail(output, nil, "  the input has no event for it") end
end
print(compared)
