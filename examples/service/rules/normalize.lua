-- One spelling for what the inputs say differently.
function process(event)
  if event.severity == "debug" then return drop end
  if event.hostname then event.hostname = event.hostname:lower():match("^[^.]*") end
  if event.appname then event.appname = event.appname:match("^[^/]*") end
end
