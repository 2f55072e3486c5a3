function process(event)
  if event.severity == "debug" then event.x = event.nothing + 1 end
  event.y = event.hostnam:upper()
end
