local selector = require "selector"

-- What a selector takes, of one facility, as the first letters of the severities from emerg to debug.
local function taken(text, facility)
  local matches, letters = selector(text), {}
  for code, letter in ipairs { "e", "a", "c", "r", "w", "n", "i", "d" } do
    local is_taken = matches{ facility_code = facilities_of[facility], severity_code = code - 1 }
    letters[code] = is_taken and letter or "-"
  end
  return table.concat(letters)
end

facilities_of = { mail = 2, auth = 4, cron = 9, local1 = 17 }

test("a severity means itself and what is worse", function()
  expect(taken("mail.info", "mail")).equals("eacrwni-")
  expect(taken("mail.info", "cron")).equals("--------")
  expect(taken("*.err", "cron")).equals("eacr----")
  expect(taken("*.*", "auth")).equals("eacrwnid")
end)

test("an equals sign means one, an exclamation mark takes away", function()
  expect(taken("mail.=debug", "mail")).equals("-------d")
  expect(taken("mail.info;mail.!=err", "mail")).equals("eac-wni-")
  expect(taken("local0,local1.*;*.!warning", "local1")).equals("-----nid")
  expect(taken("*.*;auth,cron.none", "auth")).equals("--------")
  expect(taken("*.*;auth,cron.none;cron.crit", "cron")).equals("eac-----")
end)

test("a selector with a spelling mistake is an error that names it", function()
  expect(function() selector "mial.info" end).raises("no facility `mial`")
  expect(function() selector "mail.inform" end).raises("no severity `inform`")
  expect(function() selector "mail" end).raises("write FACILITY.SEVERITY")
end)

test("an event goes to every output whose selector takes it", function()
  expect(run{ facility = "mail", severity = "warning" }).routed_to("mail-without-err", "messages", "mail", "mail-copy")
  expect(run{ facility = "mail", severity = "err" }).routed_to("errors", "messages", "mail", "mail-copy")
  expect(run{ facility = "authpriv", severity = "notice" }).routed_to("auth")
end)
