local teams = require "teams"
function process(event) event.team = teams.web end
