-- Run with `sluice test --api fluent-bit --call cb_filter` in this folder.

test("probes are dropped", function()
  expect(run{ path = "/healthz" }).dropped()
end)

test("numbers of levels become names", function()
  expect(run{ level = 30 }.event.level).equals("info")
  expect(run{ level = 20 }).dropped()
end)

test("milliseconds become the time", function()
  local event = run{ level = 30, time = 1791446400500 }.event
  expect(event.time).is_absent()
  expect(event.timestamp).is_a("timestamp")
end)

test("an order becomes one record an item", function()
  local result = run{ order = "A1", items = { { "x", 2 }, { "y", 1 } } }
  expect(result.event.label).equals("2 x x")
  expect(result).emitted(1)
  expect(result.emitted[1].sku).equals("y")
end)
