function process(event)
  if dedup(event.message, "60s") then return drop end
end
