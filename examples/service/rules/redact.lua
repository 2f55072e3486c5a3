-- Secrets and addresses of people leave the record before anything is written.
local function redacted(text)
  return (text:gsub("(password=)[^%s&]+", "%1***"):gsub("(token=)[^%s&]+", "%1***"):gsub("[%w._%%+-]+@([%w-]+%.[%w.-]+)", "***@%1"))
end

function process(event)
  event.message = redacted(event.message)
  if event.path then event.path = redacted(event.path) end
  if event.request then event.request = redacted(event.request) end
  if event.remote_addr then event.remote_addr = ip.anonymize(event.remote_addr) end
end
