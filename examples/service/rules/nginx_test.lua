test("a failed request is an error and counts in the statistics", function()
  local result = run{ method = "GET", path = "/cart", status = 502, bytes = 150 }
  expect(result).routed_to("analytics")
  expect(result.event.severity).equals("err")
  expect(result.event.message).equals("GET /cart")
end)

test("the load balancer's question is no visit", function()
  expect(run{ method = "GET", path = "/healthz", status = 200 }).dropped()
end)
