function process(event)
  event.second = true
  error("second")
end
