test("a failed request is in both files", function()
  local result = run{ appname = "nginx", facility = "local7", severity = "info", path = "/broken", status = 500 }
  expect(result.outputs).contains("errors")
  expect(result.event.severity).equals("err")
  expect(result.event.facility).equals(nil)
end)

test("the load balancer's question is dropped", function()
  expect(run{ appname = "nginx", path = "/health", status = 204 }).dropped()
end)

test("the error log goes to errors", function()
  expect(run{ appname = "nginx_error", message = "open() failed" }).routed_to("errors")
end)
