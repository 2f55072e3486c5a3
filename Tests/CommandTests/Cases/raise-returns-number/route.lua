function process(event)
  return 42
end
