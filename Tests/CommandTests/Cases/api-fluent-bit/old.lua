function cb(tag, ts, record)
  record.tag, record.kind = tag, type(ts)
  return 1, ts, record
end
