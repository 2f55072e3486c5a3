function process(event) end
function shutdown() error("too late") end
