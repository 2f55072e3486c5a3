function process(event)
  -- :msg, contains, "health check"    ~
  if field.has(event, "message", "health check") then return drop end

  -- if $programname == 'cron' and $syslogseverity >= 6 then stop
  if event.program == "cron" and event.severity_code >= 6 then return drop end
end
