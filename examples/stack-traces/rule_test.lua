-- Run with `sluice test` in this folder.

test("a Java trace says what was thrown and where it began", function()
  local result = run([[
Exception in thread "main" java.lang.RuntimeException: outer
	at shop.Cart.close(Cart.java:7)
Caused by: java.lang.IllegalStateException: the cart is closed
	at shop.Cart.add(Cart.java:42)
	at shop.Main.main(Main.java:3)
]], { format = "plain" })
  expect(result).routed_to("traces")
  expect(result.event.exception).equals("java.lang.IllegalStateException")
  expect(result.event.reason).equals("the cart is closed")
  expect(result.event.at).equals("shop.Cart.add(Cart.java:42)")
  expect(result.event.frames).equals(3)
  expect(result.event.severity).equals("err")
end)

test("a Python trace says its last place", function()
  local result = run('Traceback (most recent call last):\n  File "a.py", line 3, in main\n    f()\nValueError: no', { format = "plain" })
  expect(result.event.exception).equals("ValueError")
  expect(result.event.at).equals("main(a.py:3)")
end)

test("a line gets its time and severity", function()
  local result = run("2026-10-08 09:00:00,104 INFO [main] ready", { format = "plain" })
  expect(result).passed()
  expect(result.event).equals({
    message = "ready", severity = "info", thread = "main", timestamp = "2026-10-08T09:00:00.104Z",
  })
  expect(run("2026-10-08 09:00:00,104 DEBUG [main] x", { format = "plain" })).dropped()
end)
