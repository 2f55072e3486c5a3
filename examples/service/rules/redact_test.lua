test("passwords and addresses are masked, the rest stays", function()
  local result = run{ message = "login of anna@example.com with password=hunter2 done" }
  expect(result.event.message).equals("login of ***@example.com with password=*** done")
end)

test("an access record keeps neither token nor client", function()
  local result = run{ message = "GET /reset?token=abc", path = "/reset?token=abc&x=1", remote_addr = "198.51.100.41" }
  expect(result.event.message).equals("GET /reset?token=***")
  expect(result.event.path).equals("/reset?token=***&x=1")
  expect(result.event.remote_addr).equals("198.51.100.0")
end)
