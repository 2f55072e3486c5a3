-- The keyword rule: local0 and `Serverlog`. Python's own header (time, logger, level) becomes fields.
local severity_of = { DEBUG = "debug", INFO = "info", WARNING = "warning", ERROR = "err", CRITICAL = "crit" }

function process(event)
  if event.facility ~= "local0" or event.appname ~= "Serverlog" then return end
  local logged, logger, level, text = event.message:match("^([%d-]+ [%d:,]+) %- (%S+) %- (%u+) %- (.*)$")
  if logged then
    event.logged, event.logger, event.level, event.message = logged, logger, level, text
    event.severity = severity_of[level] or event.severity
  end
  if event.level == "DEBUG" then return "app" end
  return { "app", "analytics" }
end
