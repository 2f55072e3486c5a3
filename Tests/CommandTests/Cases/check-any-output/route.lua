function process(event)
  return "archiv"
end
