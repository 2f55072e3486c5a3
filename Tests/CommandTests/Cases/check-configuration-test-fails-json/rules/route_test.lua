test("debug is dropped", function() expect(run{ severity = "debug" }).dropped() end)

test("info is dropped", function()
  expect(run{ severity = "info" }).dropped()
end)
