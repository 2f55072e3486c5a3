test("t", function()
  expect(run{ facility = "auth", hostname = "A" }).passed()
end)
