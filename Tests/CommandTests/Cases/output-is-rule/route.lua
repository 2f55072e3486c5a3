function process() return "auth" end
