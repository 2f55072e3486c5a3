-- input(type="imfile" … Tag="shop" Facility="local3" Severity="info" ruleset="shop"): a ruleset is a rule with `inputs`.
function process(event)
  event.program, event.facility, event.severity = "shop", "local3", "info"
  return "shop"
end
