function process(event)
  event.message = "changed"
  error("no")
end
