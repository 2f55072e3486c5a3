-- nginx: from access lines to records that a database takes. The `combined` decoder has made the fields before
-- this rule runs: `status` and `bytes` are integers, `timestamp` is a time, and what nginx wrote as `-` is absent.

-- What the User-Agent says it is, by the first pattern that it contains.
local kinds = {
  { "bot", "bot" }, { "spider", "bot" }, { "crawl", "bot" },
  { "^mozilla/", "browser" },
  { "^curl/", "tool" }, { "^wget/", "tool" }, { "^python", "tool" }, { "^go%-http", "tool" },
}

local function kind_of(agent)
  agent = (agent or ""):lower()
  for _, kind in ipairs(kinds) do
    if agent:find(kind[1]) then return kind[2] end
  end
  return "other"
end

function process(event)
  if not event.remote_addr then return pass end -- not an access line: goes out as it came, in `message`

  -- The load balancer asks every few seconds; that is no visit.
  if event.path == "/healthz" then return drop end

  -- One path is one page, whatever its query. A request that is no HTTP has no method: it keeps `request`.
  if event.method then
    event.request = nil
    event.path, event.query = event.path:match("^([^?]*)%??(.*)$")
    if event.query == "" then event.query = nil end
  end

  event.ipv6 = event.remote_addr:find(":", 1, true) ~= nil
  event.class = event.status and event.status // 100 .. "xx"
  event.kind = kind_of(event.user_agent)
end
