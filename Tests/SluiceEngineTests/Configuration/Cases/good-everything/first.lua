function process(event) return "errors" end
