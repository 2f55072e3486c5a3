function process(event)
  if event.status > 499 then return drop end
end
