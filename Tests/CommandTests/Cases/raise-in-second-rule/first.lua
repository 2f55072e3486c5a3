function process(event) event.first = true end
