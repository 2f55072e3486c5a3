-- Access lines become typed records, failures are kept apart, the load balancer's question is no visit.
function process(event)
  if event.appname == "nginx_error" then return "errors" end
  if event.path == "/health" then return drop end
  if event.status and event.status >= 500 then
    event.severity = "err"
    also("errors")
  end
  -- What syslog adds says nothing here.
  event.facility, event.appname = nil, nil
end
