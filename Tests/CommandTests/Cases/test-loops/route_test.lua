test("for ever", function()
  while true do end
end)

test("fine", function() end)
