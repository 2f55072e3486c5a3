-- Run with `sluice test` in this folder.

test("what nobody reads is dropped", function()
  expect(run{ severity = "debug", message = "x" }).dropped()
  expect(run("<78>Oct  8 10:00:01 web1 CRON[4711]: (root) CMD (true)")).dropped()
end)

test("errors of cron stay", function()
  expect(run("<75>Oct  8 10:00:01 web1 CRON[4711]: cannot start")).routed_to("errors")
end)

test("a program has its team, also behind a slash", function()
  local event = run("<22>Oct  8 10:00:01 mail1 postfix/smtpd[99]: connect from unknown[192.0.2.1]").event
  expect(event.team).never.equals("unassigned")
  expect(run{ appname = "nobody-knows" }.event.team).equals("unassigned")
end)

test("logins go to security with user and address", function()
  local result = run("<86>Oct  8 03:04:05 bastion sshd[7]: Failed password for root from 203.0.113.9 port 4711 ssh2")
  expect(result).routed_to("security")
  expect(result.event.user).equals("root")
  expect(result.event.src_ip).equals("203.0.113.9")
end)

test("card numbers, passwords and addresses are redacted", function()
  local message = run{ message = "card 4111 1111 1111 1111 password=secret mail jo@example.com" }.event.message
  expect(message).equals("card ****1111 password=*** mail ***@example.com")
end)

test("a long number with a wrong check digit stays", function()
  expect(run{ message = "receipt 4111111111111112" }.event.message).contains("4111111111111112")
end)
