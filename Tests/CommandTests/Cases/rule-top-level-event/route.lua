event.a = 1
function process() end
