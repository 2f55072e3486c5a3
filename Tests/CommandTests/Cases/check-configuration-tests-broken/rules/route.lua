function process(event)
  if event.severity == "debug" then return drop end
  return "main"
end
