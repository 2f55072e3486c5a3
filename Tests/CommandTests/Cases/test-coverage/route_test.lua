test("debug", function()
  expect(run{ severity = "debug" }).dropped()
end)
