function process(event) event.n = (event.n or 0) + 1 end
