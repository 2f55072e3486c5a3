-- Selectors in Lua. Who has many of them can keep them as they are: `require "selector"` reads them.
local selector = require "selector"
local quiet = selector "local0,local1.*;*.!warning"

function process(event)
  -- auth,authpriv.*                   ./out/auth.log
  local is_auth = event.facility == "auth" or event.facility == "authpriv"
  if is_auth then also("auth") end

  -- *.err                             ./out/errors.log
  if event.severity_code <= 3 then also("errors") end

  -- mail.info;mail.!=err              ./out/mail-without-err.log
  if event.facility == "mail" and event.severity_code <= 6 and event.severity ~= "err" then also("mail-without-err") end

  -- *.*;auth,authpriv.none            -./out/messages.log
  if not is_auth then also("messages") end

  -- *.=debug                          ./out/debug.log
  if event.severity == "debug" then also("debug") end

  -- local0,local1.*;*.!warning        ./out/local-quiet.log
  if quiet(event) then also("local-quiet") end

  -- mail.*                            ./out/mail.log
  -- &                                 ./out/mail-copy.log
  if event.facility == "mail" then also("mail", "mail-copy") end
end
