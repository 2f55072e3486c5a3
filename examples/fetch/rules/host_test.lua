test("a record knows its host", function()
  local result = run({ level = "info", n = 1 }, { peer = "10.1.2.3" })
  expect(result).passed()
  expect(result.event.host).equals("10.1.2.3")
end)

test("errors go to a file of their own as well", function()
  expect(run({ level = "error", n = 2 }, { peer = "10.1.2.3" })).routed_to("all", "errors")
end)

test("debug is noise", function()
  expect(run({ level = "debug", n = 3 })).dropped()
end)
