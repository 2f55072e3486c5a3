function process(event)
  for i = 1, 1001 do emit(clone(event)) end
end
