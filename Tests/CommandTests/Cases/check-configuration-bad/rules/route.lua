function process(event)
  return "mian"
end
