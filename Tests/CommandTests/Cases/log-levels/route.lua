function process(event)
  log.debug("d")
  log.info("i")
  log.warn("w", { message = event.message })
  log.error("e")
end
