test("info is dropped", function()
  expect(run{ severity = "info" }).dropped()
end)

test("auth without a host", function()
  expect(run{ facility = "auth" }).routed_to("auth")
end)

test("debug is dropped", function()
  expect(run{ severity = "debug" }).dropped()
end)
