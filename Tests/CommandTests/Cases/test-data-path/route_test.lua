test("debug is dropped", function()
  local result = run("<15>Oct 11 22:14:15 web1 app: noise")
  expect(result).dropped()
end)

test("auth goes to the analytics team", function()
  local result = run{ facility = "auth", severity = "info", hostname = "WEB1", message = "x" }
  expect(result).routed_to("auth", "archive")
  expect(result.event.hostname).equals("web1")
end)
