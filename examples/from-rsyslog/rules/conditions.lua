-- set $.team = lookup("teams", $programname);
local teams = lookup.csv("teams.csv", "program", "team")

function process(event, meta)
  -- if $programname == 'nginx' and ($msg contains 'upstream' or $syslogseverity <= 3) then { action(…) }
  if event.program == "nginx" and (field.has(event, "message", "upstream") or event.severity_code <= 3) then
    also("nginx-trouble")
  end

  -- if $fromhost-ip != '192.0.2.1' and $hostname == ['db1', 'db2'] then { … template="record" }
  if meta.peer ~= "192.0.2.1" and (event.hostname == "db1" or event.hostname == "db2") then
    emit({
      ["@timestamp"] = event.timestamp, host = event.hostname, program = event.program, level = event.severity,
      team = teams[event.program] or "other", text = event.message,
    }, "databases")
  -- else if $msg contains_i 'DISK' then { action(… template="brief") }
  elseif event.message and event.message:lower():find("disk", 1, true) then
    also("disk")
  end

  -- *.crit action(type="omprog" binary="./pager out/pager.log" template="brief")
  if event.severity_code <= 2 then also("pager") end
end
