test("t", function()
  run_all("x")
end)
