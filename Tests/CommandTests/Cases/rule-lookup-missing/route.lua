local teams = lookup.csv("teams.csv", "name", "team")
function process() end
