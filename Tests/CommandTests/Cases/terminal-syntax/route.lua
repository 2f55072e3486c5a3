function process(event)
  return drop drop
end
