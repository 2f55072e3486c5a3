-- Run with `sluice test` in this folder.

test("secrets leave, however deep they lie", function()
  local event = run('{"user":{"password":"x","tags":[{"token":"y"}]},"n":1.0}').event
  expect(event.user).equals({ password = "***", tags = { { token = "***" } } })
  expect(event.n).equals(1.0)
end)

test("what is not touched keeps its bytes", function()
  local text = run('{"a":[],"b":null,"c":1e5,"big":123456789012345678901}').event
  expect(tostring(text)).equals('{"a":[],"b":null,"c":1e5,"big":123456789012345678901}')
end)

test("debug is dropped", function()
  expect(run{ level = "debug" }).dropped()
end)

test("payments go to their output as well, with four digits of the card", function()
  local result = run{ type = "payment", payment = { card = "4111111111111111" } }
  expect(result).passed()
  expect(result).routed_to("payments")
  expect(result.event.payment.card).equals("****1111")
end)

test("an address is known by its network", function()
  expect(run{ client_ip = "192.0.2.17" }.event.client_ip).equals("192.0.2.0")
end)
