function process(event)
  event.hostname = event.host:lower()
end
