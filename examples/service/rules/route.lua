-- Who gets what. What is not routed goes to `default_outputs`.
local is_auth = { auth = true, authpriv = true }

function process(event)
  local level = event.severity_code or 6
  if level <= 2 then also("oncall") end
  if level <= 3 then also("console") end
  if is_auth[event.facility] then return "auth" end
end
