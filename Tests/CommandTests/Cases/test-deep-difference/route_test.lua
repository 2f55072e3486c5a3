test("fields", function()
  expect(run('{"message":"the quick brown fox jumps over the lazy dog","n":1,"list":[1,2],"none":null}').event).equals({
    message = "the quick brown fox jumps over the lazy dog", n = 1.0, list = { 1, 3 },
  })
end)
