function process() end
