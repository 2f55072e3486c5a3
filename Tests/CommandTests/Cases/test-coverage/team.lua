local team = {}

function team.of(name)
  return name
end

return team
