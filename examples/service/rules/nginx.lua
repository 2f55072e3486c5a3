-- Access lines become records. The `combined` decoder has made the fields: `status` and `bytes` are integers.
function process(event)
  if event.path == "/healthz" then return drop end
  event.hostname = "web1" -- an access log does not say whose it is
  event.appname = "nginx"
  event.severity = (event.status or 0) >= 500 and "err" or "info"
  if event.method then
    event.message = event.method .. " " .. event.path
    event.request = nil -- what was no HTTP keeps it
  else
    event.message = event.request or "-"
  end
  also("analytics")
end
