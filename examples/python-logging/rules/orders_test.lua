test("an order is a number", function()
  local result = run("<134>1 2026-10-09T22:33:20Z web1 Serverlog - - - order 7: paid")
  expect(result.event.order).equals(7)
  expect(result.event.what).equals("paid")
end)

test("everything else is of no interest", function()
  expect(run("<134>1 2026-10-09T22:33:20Z web1 Serverlog - - - hello")).dropped()
end)
