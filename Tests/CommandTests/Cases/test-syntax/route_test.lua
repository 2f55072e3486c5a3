test("t", function()
  expect(
end)
