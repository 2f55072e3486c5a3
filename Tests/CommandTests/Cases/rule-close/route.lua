function process(event)
  local file <close> = nil
end
