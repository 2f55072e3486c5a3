function process(event)
  return "main"
end
