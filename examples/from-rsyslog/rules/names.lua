-- rsyslog's %programname% and %syslogtag%, and its defaults for lines without <PRI>.
function process(event)
  event.facility = event.facility or "user"
  event.severity = event.severity or "notice"
  if event.appname then
    event.program = event.appname:match("^[^/]*")
    event.tag = event.appname .. (event.procid and "[" .. event.procid .. "]" or "") .. ":"
  end
end
