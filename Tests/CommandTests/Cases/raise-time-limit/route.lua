function process(event)
  while true do end
end
