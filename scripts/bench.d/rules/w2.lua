-- W2 route: drop debug, lower the host's case, take user and address from sshd, add the team, mask IPv4 addresses,
-- and route by facility and severity. Standard string functions only, so that stock Lua runs it as well (see verify.lua).

local team_of = {
  sshd = "security", sshd2 = "security", klogind = "security",
  ["sshd(pam_unix)"] = "security", ["su(pam_unix)"] = "security",
  ["login(pam_unix)"] = "security", ["gdm(pam_unix)"] = "security",
  httpd = "web", ftpd = "web",
  named = "network", ntpd = "network", dhcpd = "network", xinetd = "network",
  sendmail = "mail", gmetad = "observability", ["ib_sm.x"] = "fabric", cups = "print",
  kernel = "platform", crond = "platform", ["crond(pam_unix)"] = "platform", logrotate = "platform",
}

function process(event)
  local severity = event.severity_code
  if severity == 7 then return drop end

  event.hostname = event.hostname:lower()
  local appname, message = event.appname, event.message
  if appname == "sshd" then
    local user, address = message:match("[fu][os]e?r (%S+) from ([%d.]+)")
    if user then
      event.user = user
      event.src_ip = address
    end
  end
  event.team = team_of[appname] or "other"
  event.message = message:gsub("%d+%.%d+%.%d+%.%d+", "x.x.x.x")

  local facility = event.facility_code
  if facility == 4 or facility == 10 then return "auth" end
  if severity <= 3 then return "errors" end
  return "main"
end
