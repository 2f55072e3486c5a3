test("<control> & \"quote\"", function()
  expect("a\27[31mb\0").equals("b")
end)

test("fine", function() end)
