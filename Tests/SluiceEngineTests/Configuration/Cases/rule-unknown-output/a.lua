function process(event)
  also("archive")
  return "mian"
end
