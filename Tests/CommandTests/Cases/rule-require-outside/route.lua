local teams = require "...etc.passwd"
function process() end
