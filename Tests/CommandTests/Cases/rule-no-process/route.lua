local function process(event) end
