test("colour \27[31m", function()
  print("\27[2J")
  expect(run("\27[31mred")).dropped()
end)
