test("t", function()
  expect(run{ path = "/x" }).dropped()
  expect(run{ path = "/y" }).passed()
end)
