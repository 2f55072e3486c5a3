-- JSON: personal data and secrets leave every record, however deep they lie; everything else stays as it came.

-- Whatever stands under these names is replaced whole.
local secret = { password = true, token = true, authorization = true, api_key = true, iban = true, cookie = true }

local function redact(part)
  for key, value in pairs(part) do
    if secret[key] then
      part[key] = "***"
    elseif type(value) == "string" then
      -- Assigning makes the text anew, so only what has changed is assigned: the rest keeps its very bytes.
      local masked, count = value:gsub("[%w._%%+'-]+@([%w-]+%.[%w.-]+)", "***@%1")
      if count > 0 then part[key] = masked end
    elseif type(value) == "userdata" and value ~= null and key ~= "timestamp" then
      redact(value) -- an object or an array
    end
  end
end

function process(event)
  if event.level == "debug" then return drop end
  redact(event)

  -- A card is known by its last four digits, an address by its network.
  local payment = event.payment
  if payment and payment ~= null and payment.card then
    payment.card = "****" .. payment.card:sub(-4)
  end
  if event.client_ip then event.client_ip = event.client_ip:gsub("%d+$", "0", 1) end

  -- Accountants keep what concerns payments for ten years, and never more than this.
  if event.type == "payment" then also("payments") end
end
