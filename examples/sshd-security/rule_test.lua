-- Run with `sluice test` in this folder.

local function login(verb, user, ip, time)
  return run{
    timestamp = time or "2026-10-12T03:00:00Z", appname = "sshd",
    message = verb .. " password for " .. user .. " from " .. ip .. " port 4711 ssh2",
  }
end

test("what others say is dropped", function()
  expect(run{ appname = "cron", message = "x" }).dropped()
end)

test("a failure is routed with user, address and port", function()
  local result = login("Failed", "jo", "203.0.113.9")
  expect(result).routed_to("failed")
  expect(result.event.user).equals("jo")
  expect(result.event.src_port).equals(4711)
  expect(result.event.outcome).equals("failed")
end)

test("a user name that does not exist is not kept", function()
  local event = login("Failed", "invalid user hunter2", "203.0.113.9").event
  expect(event.user).is_absent()
  expect(event.message).never_contains("hunter2")
end)

test("the fifth failure in ten minutes raises one alert an hour", function()
  for _ = 1, 4 do expect(login("Failed", "root", "203.0.113.9")).emitted(0) end
  local fifth = login("Failed", "root", "203.0.113.9")
  expect(fifth).emitted(1)
  expect(fifth.emitted[1].severity).equals("alert")
  expect(fifth.emitted_results[1]).routed_to("alerts")
  expect(login("Failed", "root", "203.0.113.9")).emitted(0)
end)

test("a login after that raises another", function()
  for _ = 1, 5 do login("Failed", "root", "203.0.113.9") end
  local result = login("Accepted", "root", "203.0.113.9")
  expect(result).routed_to("audit")
  expect(result.emitted[1].message).contains("after a brute-force attempt")
end)
