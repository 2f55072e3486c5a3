function process(event)
  local text = string.rep("x", 1e9)
end
