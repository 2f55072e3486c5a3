function process(event)
  if event.a = 1 then return drop end
end
