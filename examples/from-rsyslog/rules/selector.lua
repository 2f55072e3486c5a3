-- Reads rsyslog's selectors: `selector "mail.info;mail.!=err"` is a function that says whether an event is selected.
local facilities = {
  kern = 0, user = 1, mail = 2, daemon = 3, auth = 4, security = 4, syslog = 5, lpr = 6, news = 7, uucp = 8, cron = 9, authpriv = 10,
  ftp = 11, local0 = 16, local1 = 17, local2 = 18, local3 = 19, local4 = 20, local5 = 21, local6 = 22, local7 = 23,
}
local severities = {
  emerg = 0, panic = 0, alert = 1, crit = 2, err = 3, error = 3, warning = 4, warn = 4, notice = 5, info = 6, debug = 7,
}

-- The severities that `.err`, `.=err`, `.*` and `.none` are about, as bits.
local function bits(sign, level, part)
  if level == "*" or level == "none" then return 255 end
  local code = severities[level]
  if not code then error("`" .. part .. "` is no selector: there is no severity `" .. level .. "`", 0) end
  return sign:find("=", 1, true) and 1 << code or (2 << code) - 1
end

return function(text)
  local selected = {}
  for facility = 0, 23 do selected[facility] = 0 end
  -- From left to right: each part adds severities of its facilities, or takes them away.
  for part in text:gmatch("[^;%s]+") do
    local names, sign, level = part:match("^([^.]+)%.(!?=?)([%w*]+)$")
    if not names then error("`" .. part .. "` is no selector; write FACILITY.SEVERITY", 0) end
    local mask, removes = bits(sign, level, part), level == "none" or sign:sub(1, 1) == "!"
    for name in names:gmatch("[^,]+") do
      local first, last = facilities[name], facilities[name]
      if name == "*" then first, last = 0, 23 end
      if not first then error("`" .. part .. "` is no selector: there is no facility `" .. name .. "`", 0) end
      for facility = first, last do
        selected[facility] = removes and selected[facility] & ~mask or selected[facility] | mask
      end
    end
  end
  return function(event)
    return selected[event.facility_code or 1] & 1 << (event.severity_code or 5) ~= 0
  end
end
