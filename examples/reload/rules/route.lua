function process(event)
  if event.level == "error" then return "errors" end
end
