function process(event) if event.a then return "a" end return "b" end
