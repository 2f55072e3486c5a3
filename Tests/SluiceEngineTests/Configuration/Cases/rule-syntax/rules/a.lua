function process(event)
  if event.x = 1 then return drop end
end
