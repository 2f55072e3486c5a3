test("debug is dropped", function() expect(run{ severity = "debug" }).dropped() end)

test("all else goes to main", function() expect(run{ severity = "info" }).routed_to("main") end)
test("open", function(
