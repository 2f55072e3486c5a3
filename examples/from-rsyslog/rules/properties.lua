-- Property-based filters. `message` begins with its first word: rsyslog's %msg% begins with a blank.
function process(event)
  -- :msg, contains, "timed out"                ./out/timeouts.log
  if field.has(event, "message", "timed out") then also("timeouts") end

  -- :msg, startswith, " Accepted"              ./out/logins.log
  if field.starts(event, "message", "Accepted") then also("logins") end

  -- :programname, isequal, "sudo"              ./out/sudo.log
  if event.program == "sudo" then also("sudo") end

  -- :hostname, !startswith, "web"              ./out/not-web.log
  if not field.starts(event, "hostname", "web") then also("not-web") end

  -- :msg, regex, "from 192\\.0\\.2\\.[0-9]*"   ./out/inside.log
  if field.matches(event, "message", "from 192%.0%.2%.%d*") then also("inside") end

  -- :msg, ereregex, "(error|fail(ed|ure))"     ./out/trouble.log
  if re.test(event.message or "", "(error|fail(ed|ure))") then also("trouble") end

  -- :syslogtag, contains, "smtp"               ./out/smtp.log
  if field.has(event, "tag", "smtp") then also("smtp") end
end
