-- sshd: who tried to log in, from where, with what result; and the loud ones told apart.

-- An address -> the name of the narrowest network around it.
local network_of = lookup.cidr("networks.csv", "network", "name")

local outcome_of = { Accepted = "accepted", Failed = "failed" }

-- One alert an hour for each address that fails more than four times in ten minutes. Both counters run on
-- the clock of the data, so an old log gives the same alerts as a live one.
local function is_brute_force(src_ip)
  return throttle(src_ip, 4, "10m") and not dedup(src_ip, "1h")
end

local function alert(event, text)
  local copy = clone(event)
  copy.severity = "alert"
  copy.message = text
  emit(copy, "alerts")
end

function process(event)
  if event.appname ~= "sshd" then return drop end
  local message = event.message

  -- A user name is text of the attacker's choosing, " from 192.0.2.1 port 22" included. The greedy `.+`
  -- finds the last " from ", which is sshd's own.
  local verb, method, user, src_ip, port = message:match("^(%a+) (%S+) for (.+) from (%S+) port (%d+)")
  local outcome = outcome_of[verb]

  -- People type their password where the user name goes: a name that does not exist is not kept.
  event.message = message:gsub("([Ii]nvalid user ).*( from %S+ port %d+)", "%1***%2")
    :gsub("(invalid user ).*( %S+ port %d+ %[preauth%])", "%1***%2")
  if not outcome then return end

  event.outcome = outcome
  event.method = method
  event.user = not user:find("^invalid user ") and user or nil
  event.src_ip = src_ip
  event.src_port = tonumber(port)
  event.network = network_of[src_ip] or "internet"

  -- `state` outlives a reload of this rule and a restart of the service.
  if outcome == "failed" then
    if is_brute_force(src_ip) then
      state[src_ip] = "suspect"
      alert(event, "more than 4 failed logins from " .. src_ip .. " in 10 minutes")
    end
    return "failed"
  end
  if state[src_ip] == "suspect" then
    alert(event, "login of " .. user .. " after a brute-force attempt from " .. src_ip)
  end
  if event.user == "root" then also("audit") end
end
