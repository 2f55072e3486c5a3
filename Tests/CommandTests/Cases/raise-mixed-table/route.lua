function process(event)
  event.x = { 1, a = 2 }
end
