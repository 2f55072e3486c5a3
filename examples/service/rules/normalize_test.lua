test("debug is dropped", function()
  expect(run("<15>2026-10-09T08:00:00Z web1 app: noise")).dropped()
end)

test("hosts are small letters without a domain, programs have no parts", function()
  local result = run("<22>2026-10-09T08:00:00Z MAIL1.example.net postfix/smtpd[7]: connect")
  expect(result).passed()
  expect(result.event.hostname).equals("mail1")
  expect(result.event.appname).equals("postfix")
end)

test("an event without host or program passes", function()
  expect(run{ jobs = 3 }).passed()
end)
