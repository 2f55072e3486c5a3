function process(event) event.a = 1 end
