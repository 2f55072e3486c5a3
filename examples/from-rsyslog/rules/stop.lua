function process(event)
  -- local0.*                          ./out/local0.log
  -- & stop
  if event.facility == "local0" then return "local0" end
end
