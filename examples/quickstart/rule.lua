-- Quickstart: one rule that drops, enriches, redacts and routes.

-- Program name -> the team that answers for it. Save the table and it is read again.
local team_of = lookup.csv("teams.csv", "program", "team")

-- Where logins, sudo and su are written. Lines without a PRI have no facility: those go by their team.
local is_auth = { auth = true, authpriv = true }

-- Card numbers, in one piece or in four groups. Other long numbers fail the check digit (ISO/IEC 7812) and stay:
-- returning nil keeps what gsub has found.
local card = "%f[%d]%d+%f[%D]"
local card_in_groups = "%f[%d]%d%d%d%d[ -]%d%d%d%d[ -]%d%d%d%d[ -]%d%d%d%d%f[%D]"

local function masked(text)
  local digits = text:gsub("%D", "")
  if #digits < 13 or #digits > 19 then return nil end
  local sum = 0
  for place = 1, #digits do
    local digit = digits:byte(-place) - 48
    if place % 2 == 0 then digit = digit * 2 end
    sum = sum + (digit > 9 and digit - 9 or digit)
  end
  if sum % 10 == 0 then return "****" .. digits:sub(-4) end
end

local function redacted(text)
  text = text:gsub("[%w._%%+'-]+@([%w-]+%.[%w.-]+)", "***@%1") -- the domain says enough
  text = text:gsub("([Pp]assword=)[^%s&;,]+", "%1***")
  text = text:gsub(card, masked):gsub(card_in_groups, masked)
  return text
end

function process(event)
  -- Drop what nobody reads. cron's errors stay.
  if event.severity == "debug" then return drop end
  if event.appname == "CRON" and event.severity == "info" then return drop end

  -- Enrich: `postfix/smtpd` and `%ASA-6-302013` are looked up as `postfix` and `%ASA`.
  local program = (event.appname or ""):match("^%%?%w*")
  local message = event.message or ""
  event.team = team_of[program] or "unassigned"
  if program == "sshd" then
    event.user = message:match("user (%S+) from") or message:match("for (%S+) from")
    event.src_ip = message:match("from (%x+[.:][%x.:]+)")
  elseif program == "nginx" then
    event.src_ip = message:match("^(%x+[.:][%x.:]+) ") or message:match("client: (%x+[.:][%x.:]+)")
    event.status = tonumber(message:match('" (%d%d%d) '))
  end

  -- Redact the text that is left, after the patterns above have seen it whole.
  if event.message then event.message = redacted(message) end

  -- Route: errors go to one more output and on; logins end here; the rest goes to standard output.
  if event.severity_code and event.severity_code <= 3 then also("errors") end
  if is_auth[event.facility] or event.team == "security" then return "security" end
end
