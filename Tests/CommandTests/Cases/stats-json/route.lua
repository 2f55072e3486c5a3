function process(event)
  if event.severity == "debug" then return drop end
  emit(clone(event), "copy")
end
