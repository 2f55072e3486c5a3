function process(event)
  drop()
end
