-- Stack traces: `--multiline auto` has joined each trace to one event before this rule sees it. The rule says in
-- fields what a person would look for: what was thrown, what it said, and where.

-- "java.lang.IllegalStateException: the cart is closed": a class and, mostly, a text.
local function describe(event, line)
  local class, reason = line:match("^([%w_.$]+): *(.*)$")
  event.exception = class or line
  event.reason = reason
end

local function java(event, message)
  -- The last cause is where it began; without causes it is the first line, after the thread's name if that is given.
  local cause = message:match(".*\nCaused by: ([^\n]+)")
  local first = message:match("^[^\n]+"):gsub('^Exception in thread "[^"]*" ', "")
  event.language = "java"
  describe(event, cause or first)
  event.at = message:match((cause and ".*\nCaused by: [^\n]+" or "^[^\n]+") .. ".-\n%s+at ([^\n]+)")
  event.frames = select(2, message:gsub("\n%s+at ", ""))
end

local function python(event, message)
  event.language = "python"
  describe(event, message:match("([^\n]+)$"))
  local file, line, name = message:match('.*\n%s*File "([^"]+)", line (%d+), in ([^\n]+)')
  event.at = file and name .. "(" .. file .. ":" .. line .. ")"
  event.frames = select(2, message:gsub('\n%s*File "', ""))
end

function process(event)
  local message = event.message or ""
  if message:find("\n%s+at ") then
    event.severity = "error" -- stored as the keyword `err`
    java(event, message)
  elseif message:find("^Traceback ") then
    event.severity = "error"
    python(event, message)
  else
    -- One line: "2026-10-08 09:00:00,104 INFO [main] text"
    local date, clock, fraction, level, thread, text = message:match("^(%S+) ([%d:]+),(%d+) (%u+)%s+%[(.-)%] (.*)$")
    if not level then return pass end
    if level == "DEBUG" or level == "TRACE" then return drop end
    event.timestamp = date .. "T" .. clock .. "." .. fraction .. "Z"
    event.severity = level:lower()
    event.thread = thread
    event.message = text
    return pass
  end
  return "traces"
end
