io.open("x")
function process() end
