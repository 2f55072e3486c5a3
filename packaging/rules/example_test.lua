test("a password is masked", function()
  local result = run("<14>Oct 11 22:14:15 web1 app: login user=anna password=secret ok")
  expect(result.event.message).equals("login user=anna password=*** ok")
end)

test("debug is dropped", function()
  local result = run("<15>Oct 11 22:14:15 web1 app: noise")
  expect(result).dropped()
end)

test("a message without a password stays as it is", function()
  local result = run{ message = "the password was changed" }
  expect(result.event.message).equals("the password was changed")
end)
