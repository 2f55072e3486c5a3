-- Run with `sluice test` in this folder.

local function access(request, agent)
  return run('192.0.2.7 - - [08/Oct/2026:10:00:00 +0000] "' .. request .. '" 200 12 "-" "' .. agent .. '"', { format = "combined" })
end

test("the load balancer's questions are no visits", function()
  expect(access("GET /healthz HTTP/1.1", "x")).dropped()
end)

test("a path is a page, whatever its query", function()
  local event = access("GET /shop?item=1 HTTP/1.1", "Mozilla/5.0").event
  expect(event.path).equals("/shop")
  expect(event.query).equals("item=1")
  expect(event.request).is_absent()
  expect(event.status).equals(200)
  expect(event.class).equals("2xx")
  expect(event.kind).equals("browser")
end)

test("bots are told from browsers", function()
  expect(access("GET / HTTP/1.1", "Mozilla/5.0 (compatible; Googlebot/2.1)").event.kind).equals("bot")
end)

test("a line that is no access line goes out as it came", function()
  local result = run("no access line", { format = "combined" })
  expect(result).passed()
  expect(result.event).equals({ message = "no access line" })
end)
