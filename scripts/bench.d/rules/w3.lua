-- W3 JSON: drop debug, mask the local part of the e-mail address, mark slow requests, rename a field, delete another.

function process(event)
  if event.level == "debug" then return drop end
  event.user.email = "***" .. event.user.email:match("@.*$")
  event.slow = event.latency_ms > 500
  event.message = event.msg
  event.msg = nil
  event.user.session = nil
end
