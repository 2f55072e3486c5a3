test("the 201st message of a program within five seconds is one too many", function()
  for number = 1, 200 do run{ hostname = "web1", tag = "app[1]:", message = "message " .. number } end
  expect(run{ hostname = "web1", tag = "app[1]:", message = "more" }).throttled()
  expect(run{ hostname = "web1", tag = "app[2]:", message = "more" }).passed()
  advance("5s")
  expect(run{ hostname = "web1", tag = "app[1]:", message = "more" }).passed()
end)

test("a repeat within a minute is dropped, whoever else speaks in between", function()
  local event = { hostname = "web1", tag = "app[1]:", message = "again" }
  expect(run(event)).passed()
  expect(run{ hostname = "web1", tag = "app[1]:", message = "something else" }).passed()
  expect(run(event)).deduplicated()
  advance("61s")
  expect(run(event)).passed()
end)
