function process(event, meta)
  event.from = meta.input
end
