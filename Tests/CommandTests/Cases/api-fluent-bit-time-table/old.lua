function cb(tag, ts, record)
  record.seconds, record.zone, record.path = ts.sec, FLB_ENV["TZ"], tostring(FLB_ENV["PATH"])
  return 2, ts, record
end
