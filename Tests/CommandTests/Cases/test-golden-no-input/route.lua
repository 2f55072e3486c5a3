-- Drops debug, sends auth to its own output.
function process(event)
  if event.severity == "debug" then return drop end
  if event.facility == "auth" then
    event.hostname = event.hostname:lower()
    return "auth", "archive"
  end
end
