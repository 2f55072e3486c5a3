test("logins go to auth alone", function()
  expect(run("<86>2026-10-09T08:00:00Z web1 sshd[7]: Accepted publickey for deploy")).routed_to("auth")
end)

test("what is critical wakes somebody as well", function()
  local result = run("<2>2026-10-09T08:00:00Z web1 kernel: Out of memory")
  expect(result.outputs).contains("oncall")
end)
