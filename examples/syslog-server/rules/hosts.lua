-- A file for each host; what concerns logins is kept apart as well, and everything from `warning` up goes to headquarters.
local is_security = { auth = true, authpriv = true }

function process(event, meta)
  event.hostname = event.hostname:lower()
  -- A name from a certificate is proved, the one in the message is not.
  if meta.tls_peer then event.sender = meta.tls_peer end
  if is_security[event.facility] then also("security") end
  if (event.severity_code or 6) <= 4 then also("headquarters") end
end
