function process(event)
  -- imuxsock: SysSock.RateLimit.Interval="5" SysSock.RateLimit.Burst="200"
  if throttle((event.hostname or "") .. (event.tag or ""), 200, "5s") then return drop end

  -- $RepeatedMsgReduction on
  if dedup((event.hostname or "") .. (event.tag or "") .. (event.message or ""), "60s") then return drop end
end
