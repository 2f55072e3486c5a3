test("errors go to their own file, with the host", function()
  local result = run{ level = "error", host = "web-1.example.net", message = "failed" }
  expect(result).routed_to("errors")
  expect(result.event.host).contains("web-1")
end)

test("news stays in the common file", function()
  expect(run{ level = "info", host = "web-1.example.net", message = "accepted" }).passed()
end)
