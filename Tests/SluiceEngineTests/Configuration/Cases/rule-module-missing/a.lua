local m = require "m"
function process() end
