function process(event) event.team = "x"; event["user"] = {} end
