-- An example to change: debug messages go no further, and passwords are masked. `sluice test /etc/sluice/rules` runs the tests
-- beside it, which also run before each change comes into effect.

function process(event)
  if event.severity == "debug" then return drop end
  if event.message then
    event.message = event.message:gsub("([Pp]assword=)[^%s&;,]+", "%1***")
  end
end
