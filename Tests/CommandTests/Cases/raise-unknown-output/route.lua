function process(event)
  return "team-" .. event.hostname
end
