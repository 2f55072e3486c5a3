-- The host that a line was fetched from belongs to the record.
function process(event, meta)
  if event.level == "debug" then return drop end
  event.host = meta.peer
  if event.level == "error" then return "errors", "all" end
end
