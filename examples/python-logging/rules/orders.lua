-- The analytics department wants numbers, not sentences.
function process(event)
  local order, what = event.message:match("^order (%d+): (.*)$")
  if not order then return drop end
  event.order, event.what, event.message = math.tointeger(tonumber(order)), what, nil
end
