function process(event)
  if event.severity == "debug" then return "auth", "main" end
  also("main")
end
