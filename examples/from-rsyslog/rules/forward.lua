-- Actions that forward: what stands behind the @ is an output, and the rule names it.
function process(event)
  -- kern.*                            @127.0.0.1:5521
  if event.facility == "kern" then also("udp-host") end

  -- *.err                             @@127.0.0.1:5522
  if event.severity_code <= 3 then also("tcp-host") end

  -- local1.*                          @@(o)127.0.0.1:5523
  if event.facility == "local1" then also("counted-host") end
end
