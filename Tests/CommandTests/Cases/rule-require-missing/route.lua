local teams = require "teams"
function process() end
